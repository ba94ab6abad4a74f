import { describe, expect, it } from "vitest";
import { s3ObjectToFileRecord, sendgridEventToEmailLog } from "../../src/mapping/index.ts";
import { listedObject, sendgridEvents } from "./recorded.ts";

const eventOf = (name: string, changes: Record<string, unknown> = {}) =>
  sendgridEventToEmailLog({ ...sendgridEvents.find(({ event }) => event === name), ...changes });

describe("an event of SendGrid", () => {
  it.each([
    ["processed", "processed"],
    ["deferred", "deferred"],
    ["delivered", "delivered"],
    ["open", "opened"],
    ["click", "clicked"],
    ["bounce", "bounced"],
    ["dropped", "dropped"],
    ["spamreport", "spam"],
    ["unsubscribe", "unsubscribed"],
    ["group_unsubscribe", "unsubscribed"],
    ["group_resubscribe", "resubscribed"],
    ["account_status_change", "account"],
  ])("%s is %s", (raw, type) => {
    expect(eventOf(raw)).toMatchObject({ success: true, data: { type, rawType: raw } });
  });

  it("that bounced becomes an entry of the log", () => {
    expect(eventOf("bounce", { ventostack_ref: "ref-1" })).toEqual({
      success: true,
      data: {
        id: "6g4ZI7SA-xmRDv57GoPIPw==",
        provider: "sendgrid",
        type: "bounced",
        rawType: "bounce",
        at: 1_513_299_569_000,
        to: "alex@example.com",
        messageId: "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        smtpId: "14c5d75ce93.dfd.64b469@ismtpd-555",
        reference: "ref-1",
        reason: "500 unknown recipient",
        smtpStatus: "5.0.0",
        bounce: "bounced",
        bounceClassification: "Invalid Address",
        categories: ["cat facts"],
      },
    });
  });

  it("tells a block from a bounce", () => {
    expect(eventOf("bounce", { type: "blocked" })).toMatchObject({ data: { bounce: "blocked" } });
    expect(eventOf("bounce", { type: "expired" })).toMatchObject({ data: { bounce: "unknown" } });
  });

  it("reads what only some of them have", () => {
    expect(eventOf("deferred")).toMatchObject({
      data: { attempt: 5, reason: "400 try again later" },
    });
    expect(eventOf("open")).toMatchObject({ data: { openedByMachine: true } });
    expect(eventOf("click")).toMatchObject({ data: { url: "https://www.example.com/" } });
    expect(eventOf("dropped")).toMatchObject({ data: { categories: ["cat facts"] } });
  });

  it("of the account has no recipient", () => {
    const result = eventOf("account_status_change");
    expect(result.success && "to" in result.data).toBe(false);
  });

  it("of a new kind is unknown, and says what it was", () => {
    expect(eventOf("open", { event: "teleported" })).toMatchObject({
      data: { type: "unknown", rawType: "teleported" },
    });
  });

  it("survives custom arguments that have the name of a field", () => {
    expect(
      eventOf("bounce", { url: 5, attempt: "many", category: { a: 1 }, status: [] }),
    ).toMatchObject({
      success: true,
      data: { type: "bounced", categories: [] },
    });
  });

  it.each(["sg_event_id", "event", "timestamp"])("without %s is refused", (field) => {
    expect(eventOf("open", { [field]: undefined })).toMatchObject({
      success: false,
      error: { issues: [{ path: [field] }] },
    });
  });
});

describe("a listed object of S3", () => {
  it("becomes a file record: ETag without quotes, the bucket from the caller", () => {
    expect(s3ObjectToFileRecord(listedObject(), "photos-bucket")).toEqual({
      success: true,
      data: {
        bucket: "photos-bucket",
        key: "photos/2026/January/sample.jpg",
        size: 142_863,
        modifiedAt: 1_768_240_230_000,
        etag: "70ee1738b6b21e2c8a43f3a5ab0eee71",
        storageClass: "STANDARD",
        rawStorageClass: "STANDARD",
      },
    });
  });

  it("may come from XML, with texts only", () => {
    const fromXml = listedObject({ LastModified: "2026-01-12T17:50:30.000Z", Size: "142863" });
    expect(s3ObjectToFileRecord(fromXml, "b")).toEqual(s3ObjectToFileRecord(listedObject(), "b"));
  });

  it("keeps the number of parts in the ETag of a multipart upload", () => {
    expect(
      s3ObjectToFileRecord(listedObject({ ETag: '"d41d8cd98f00b204e9800998ecf8427e-3"' }), "b"),
    ).toMatchObject({ data: { etag: "d41d8cd98f00b204e9800998ecf8427e-3" } });
  });

  it("of a new storage class is unknown, and says which", () => {
    expect(s3ObjectToFileRecord(listedObject({ StorageClass: "TAPE_ROBOT" }), "b")).toMatchObject({
      data: { storageClass: "unknown", rawStorageClass: "TAPE_ROBOT" },
    });
  });

  it("does without what is optional", () => {
    const { ETag: _etag, StorageClass: _class, ...rest } = listedObject();
    const result = s3ObjectToFileRecord(rest, "b");
    expect(result.success && Object.keys(result.data)).toEqual([
      "bucket",
      "key",
      "size",
      "modifiedAt",
    ]);
  });

  it.each<[string, Record<string, unknown>]>([
    ["Key", { Key: "" }],
    ["Size", { Size: -1 }],
    ["LastModified", { LastModified: "yesterday" }],
  ])("with a bad %s is refused", (field, changes) => {
    expect(s3ObjectToFileRecord(listedObject(changes), "b")).toMatchObject({
      success: false,
      error: { issues: [{ path: [field] }] },
    });
  });
});
