import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type {
  EmailLog,
  FileRecord,
  Mapper,
  MappingResult,
  Transaction,
} from "../../src/mapping/index.ts";
import {
  count,
  createMapper,
  id,
  object,
  oneOf,
  optional,
  s3ObjectToFileRecord,
  sendgridEventToEmailLog,
  stripePaymentToTransaction,
  text,
} from "../../src/mapping/index.ts";

test("the transform knows what the schema puts out", () => {
  const schema = object({ id, size: count, name: optional(text), kind: oneOf("a", "b") });
  const mapper = createMapper(schema, (from) => {
    expectTypeOf(from.id).toEqualTypeOf<string>();
    expectTypeOf(from.size).toEqualTypeOf<number>();
    expectTypeOf(from.name).toEqualTypeOf<string | undefined>();
    expectTypeOf(from.kind.value).toEqualTypeOf<"a" | "b" | "unknown">();
    return from.size;
  });
  expectTypeOf(mapper).toEqualTypeOf<Mapper<number>>();
  expectTypeOf(mapper).parameters.toEqualTypeOf<[input: unknown]>();
});

test("a schema of zod gives its output type", () => {
  createMapper(z.object({ n: z.coerce.number() }), (from) => {
    expectTypeOf(from).toEqualTypeOf<{ n: number }>();
    return from;
  });
});

test("the data is there only after success was checked", () => {
  const result = stripePaymentToTransaction({});
  expectTypeOf(result).toEqualTypeOf<MappingResult<Transaction>>();
  // @ts-expect-error -- not before the check
  void result.data;
  if (result.success) expectTypeOf(result.data).toEqualTypeOf<Transaction>();
});

test("the bucket must be handed in", () => {
  expectTypeOf(s3ObjectToFileRecord({}, "b")).toEqualTypeOf<MappingResult<FileRecord>>();
  // @ts-expect-error -- no bucket
  s3ObjectToFileRecord({});
  expectTypeOf(sendgridEventToEmailLog({})).toEqualTypeOf<MappingResult<EmailLog>>();
});
