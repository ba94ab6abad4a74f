import { statSync } from "node:fs";
import { WebhookError } from "../../errors.ts";

/**
 * Notes which file a path leads to. With a write-ahead log SQLite keeps writing to a file that has been deleted, and all
 * of that is lost. Tells files apart by their inode, as SQLite does without such a log.
 * Source: https://sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use
 * @param path empty for a database in memory
 * @returns throws WebhookError STORE_FAILED when the path leads to another file by then, or to none
 */
export function holdPlace(path: string): () => void {
  const found = path === "" ? undefined : statSync(path, { throwIfNoEntry: false });
  // Windows does not let go of a file that is open.
  if (!found || process.platform === "win32") return () => {};
  return () => {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.ino === found.ino) return;
    throw new WebhookError(
      "STORE_FAILED",
      "the database file has been deleted, moved or replaced since it was opened, and what was written now would be lost: " +
        "put it back, or start the process again",
    );
  };
}
