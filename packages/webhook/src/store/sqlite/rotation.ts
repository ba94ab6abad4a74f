import { WebhookError } from "../../errors.ts";
import type { Database } from "./database.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { Sealer } from "./sealing.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

const CHUNK = 100;

/** Encrypts with the newest key what is not, and wipes what stood there before. */
export function createRotation(
  { sql, exec }: Pick<Database, "sql" | "exec">,
  parts: {
    readonly sealer: Sealer;
    readonly subscriptions: SubscriptionTable;
    readonly group: GroupCommit;
  },
): () => Promise<number> {
  const { sealer, subscriptions, group } = parts;
  const wiping = sql<{ secure_delete: number }>("PRAGMA secure_delete");

  const rotate = async (): Promise<number> => {
    const run = (): number => subscriptions.reseal(CHUNK);
    let resealed = 0;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- with the event loop's turn in between
      const count = await group.add({ weight: CHUNK, run });
      resealed += count;
      if (count < CHUNK) return resealed;
    }
  };

  return async () => {
    if (sealer.keyId === null) {
      throw new WebhookError("INVALID_OPTION", "rotateEncryption needs the encryption option");
    }
    const before = wiping.get()?.secure_delete ?? 0;
    exec("PRAGMA secure_delete = ON");
    try {
      const resealed = await rotate();
      // The log still holds the pages of before; nothing is lost if somebody's read keeps it from being cut.
      sql("PRAGMA wal_checkpoint(TRUNCATE)").get();
      return resealed;
    } finally {
      exec(`PRAGMA secure_delete = ${before}`);
    }
  };
}
