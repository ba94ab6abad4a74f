import { describe, expect, it } from "vitest";
import { readAddress } from "../../src/email/index.ts";

describe("an address", () => {
  it.each([
    "jenny@example.com",
    "first.last+tag@sub.example.co.uk",
    "o'hara@example.com",
    "a_b-c=d@example.museum",
    "UPPER@EXAMPLE.COM",
    "1@1.example",
    "user@xn--bcher-kva.example",
    `${"a".repeat(64)}@example.com`,
  ])("such as %s is taken as it is", (email) => {
    expect(readAddress(email)).toEqual({ address: { email } });
  });

  it.each([
    "",
    "jenny",
    "@example.com",
    "jenny@",
    "jenny@localhost",
    "jenny@example",
    "jenny@@example.com",
    "a@b@example.com",
    ".jenny@example.com",
    "jenny.@example.com",
    "jen..ny@example.com",
    "jen ny@example.com",
    " jenny@example.com",
    "jenny@example.com ",
    "jenny@example.com\n",
    "jenny@example.com\r\nBcc: victim@example.com",
    "jenny\u0000@example.com",
    '"jenny"@example.com',
    "jenny(comment)@example.com",
    "Jenny <jenny@example.com>",
    "jenny@example.com,victim@example.com",
    "jenny@example..com",
    "jenny@-example.com",
    "jenny@example-.com",
    "jenny@127.0.0.1",
    "jenny@[127.0.0.1]",
    "jenny@exämple.com",
    "jénny@example.com",
    "jenny@example.com\u2028",
    `${"a".repeat(65)}@example.com`,
    `jenny@${"a.".repeat(130)}com`,
    `jenny@${"a".repeat(64)}.com`,
  ])("such as %j is refused, and not repeated", (email) => {
    const { address, problem } = readAddress(email);
    expect(address).toBeUndefined();
    expect(problem).toMatch(/address/);
    expect(problem).not.toContain(email || "nothing was given");
  });

  it.each([undefined, null, 5, [], {}, { email: 5 }, { name: "Jenny" }, () => "jenny@example.com"])(
    "that is %j is refused",
    (input) => {
      expect(readAddress(input).address).toBeUndefined();
    },
  );

  it("may have a name, in which separators become spaces", () => {
    const email = "jenny@example.com";
    expect(readAddress({ email, name: "Jenny Rosen" })).toEqual({
      address: { email, name: "Jenny Rosen" },
    });
    expect(readAddress({ email, name: "Rosen, Jenny; Dr. " })).toEqual({
      address: { email, name: "Rosen Jenny Dr." },
    });
    expect(readAddress({ email, name: "Jenny 👩‍🚀 Розен" }).address?.name).toBe("Jenny 👩‍🚀 Розен");
    for (const name of [undefined, null, ""])
      expect(readAddress({ email, name })).toEqual({ address: { email } });
  });

  it.each([
    "a\r\nBcc: x@example.com",
    "a\nb",
    "a\tb",
    "a\u0000b",
    "a\u0085b",
    "a\u2028b",
    "a\u007fb",
  ])("whose name is %j is refused: it could break a header", (name) => {
    expect(readAddress({ email: "jenny@example.com", name })).toMatchObject({
      problem: expect.stringContaining("control character"),
    });
  });

  it("whose name is too long or no text is refused", () => {
    for (const name of ["x".repeat(257), 5, {}])
      expect(readAddress({ email: "jenny@example.com", name }).address).toBeUndefined();
  });

  it("that throws when it is read is refused", () => {
    const hostile = Object.defineProperty({}, "email", {
      get() {
        throw new Error("trap");
      },
    });
    expect(readAddress(hostile)).toEqual({ problem: "it cannot be read" });
  });

  it("is judged in no time, however long it is", () => {
    const started = performance.now();
    for (const email of [
      "a.".repeat(100_000),
      `a@${"a-".repeat(100_000)}`,
      `a@${"a.".repeat(100_000)}`,
    ])
      expect(readAddress(email).address).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});
