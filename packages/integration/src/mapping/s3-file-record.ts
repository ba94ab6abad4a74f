import { withoutAbsent } from "./absent.ts";
import { count, id, moment, object, oneOf, optional, text } from "./fields.ts";
import type { Mapper } from "./mapper.ts";
import { createMapper } from "./mapper.ts";

const STORAGE_CLASSES = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "GLACIER",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "DEEP_ARCHIVE",
  "OUTPOSTS",
  "GLACIER_IR",
  "SNOW",
  "EXPRESS_ONEZONE",
  "FSX_OPENZFS",
  "FSX_ONTAP",
] as const;

/** A file in an object storage. */
export interface FileRecord {
  readonly bucket: string;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /**
   * Without its quotes. A hash of the content that is not always its MD5: not for a multipart upload, nor with a key of KMS.
   */
  readonly etag?: string;
  readonly storageClass?: (typeof STORAGE_CLASSES)[number] | "unknown";
  /** As the storage calls it. */
  readonly rawStorageClass?: string;
}

const s3Object = object({
  Key: id,
  Size: count,
  LastModified: moment,
  ETag: optional(text),
  StorageClass: optional(oneOf(...STORAGE_CLASSES)),
});

/**
 * Maps an object of an S3 listing (`Contents` of ListObjectsV2), as the AWS SDK or the XML has it: `LastModified` may be a
 * `Date` or a text, `Size` a number or digits. The bucket does not stand on a listed object, so it is handed in.
 * A key that was listed with `encoding-type: url` has to be decoded before.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
export const s3ObjectToFileRecord: Mapper<FileRecord, readonly [bucket: string]> = createMapper(
  s3Object,
  (from, bucket: string) => ({
    bucket,
    key: from.Key,
    size: from.Size,
    modifiedAt: from.LastModified,
    ...withoutAbsent({
      etag: from.ETag?.replace(/^"(.*)"$/, "$1"),
      storageClass: from.StorageClass?.value,
      rawStorageClass: from.StorageClass?.raw,
    }),
  }),
);
