import { WebhookError } from "../../errors.ts";
import type { Database } from "./database.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { Sealer } from "./sealing.ts";
import type { SubscriptionTable } from "./subscription-table.ts";

const CHUNK = 100;

/** Moves the rows to pages of their own: the ones that are left behind are wiped, whatever was in their gaps. */
const REWRITE = `
  CREATE TEMP TABLE webhook_copy AS SELECT * FROM webhook_subscription;
  DELETE FROM webhook_subscription;
  INSERT INTO webhook_subscription SELECT * FROM temp.webhook_copy;
  DROP TABLE temp.webhook_copy;
`;

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

  const run = (): number => subscriptions.reseal(CHUNK);

  const rotate = async (): Promise<number> => {
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
      if (resealed > 0) await group.add({ weight: CHUNK, run: () => exec(REWRITE) });
      // The log still holds the pages of before; nothing is lost if somebody's read keeps it from being cut.
      sql("PRAGMA wal_checkpoint(TRUNCATE)").get();
      return resealed;
    } finally {
      exec(`PRAGMA secure_delete = ${before}`);
    }
  };
}
