/**
 * The application: takes orders over HTTP and keeps them in SQLite. An order and its event are written in one
 * transaction, so that there is never one without the other; the sender delivers the event whenever it can.
 */
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { createOutboundWebhookManager } from "@ventostack/webhook";
import { createSqliteStore } from "@ventostack/webhook/sqlite";

const [file = "orders.db", customerUrl = "", secret = ""] = process.argv.slice(2);

const db = new DatabaseSync(file);
db.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000;");
db.exec("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, item TEXT NOT NULL)");

const outbound = createOutboundWebhookManager({
  store: createSqliteStore(file),
  retryInterval: 200,
  maxRetryInterval: 400,
  maxRetries: 100,
  // What was in flight when a process died is taken up when its lease runs out: ten seconds after this time-out.
  deliveryTimeout: 500,
  // Only for this example: inner networks are closed by default.
  network: { allow: ["127.0.0.1"] },
});
// Subscriptions live in the store too: only the first start finds none.
if (outbound.listSubscriptions().length === 0) {
  outbound.subscribe({ url: customerUrl, secret, events: ["order.created"] });
}

async function createOrder(id: string, item: string): Promise<void> {
  db.exec("BEGIN IMMEDIATE");
  let accepted: Promise<unknown>;
  try {
    db.prepare("INSERT INTO orders (id, item) VALUES (?, ?)").run(id, item);
    // Written before this returns: the transaction can be ended without waiting.
    accepted = outbound.send("order.created", { id, item }, { idempotencyKey: id, tx: db });
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
  await accepted;
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/stats") {
    const { count } = db.prepare("SELECT count(*) AS count FROM orders").get() as { count: number };
    response.end(JSON.stringify({ orders: count, ...outbound.stats() }));
    return;
  }
  const id = url.searchParams.get("id") ?? "";
  createOrder(id, url.searchParams.get("item") ?? "").then(
    () => response.writeHead(201).end(),
    (error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    },
  );
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address) process.stdout.write(`${address.port}\n`);
});
// The one who started this process has gone.
process.stdin.resume().on("end", () => process.exit(0));
