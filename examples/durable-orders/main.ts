/**
 * Orders whose events survive a crash: the application is killed while its customer is down, started again, and what was
 * left is delivered. Nothing is lost, and each order's event carries the same id on every attempt.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSecret } from "@ventostack/webhook";
import { expect, run } from "../support/expect.ts";

const ORDERS = 20;
const PATIENCE_MS = 20_000;

const folder = mkdtempSync(join(tmpdir(), "durable-orders-"));
const secret = generateSecret();

/** The customer: down at first, up later. */
const received = new Map<string, number>();
let isUp = false;
const customer = createServer((request, response) => {
  const id = String(request.headers["webhook-id"]);
  if (isUp) received.set(id, (received.get(id) ?? 0) + 1);
  request.resume();
  response.writeHead(isUp ? 204 : 503).end();
});

async function startApp(customerUrl: string): Promise<{ app: ChildProcess; url: string }> {
  const app = spawn(
    process.execPath,
    [join(import.meta.dirname, "app.ts"), join(folder, "orders.db"), customerUrl, secret],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const port = await new Promise<string>((resolve, reject) => {
    app.stdout.once("data", (chunk: Uint8Array) => resolve(Buffer.from(chunk).toString().trim()));
    app.once("exit", (code) => reject(new Error(`the application ended with exit code ${code}`)));
  });
  return { app, url: `http://127.0.0.1:${port}` };
}

async function kill(app: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => {
    app.removeAllListeners("exit").once("exit", resolve);
  });
  app.kill("SIGKILL");
  await ended;
}

await run(async () => {
  await new Promise<void>((resolve) => {
    customer.listen(0, "127.0.0.1", resolve);
  });
  const customerUrl = `http://127.0.0.1:${(customer.address() as AddressInfo).port}/`;

  const first = await startApp(customerUrl);
  for (let order = 1; order <= ORDERS; order += 1) {
    const response = await fetch(`${first.url}/?id=order-${order}&item=tea`, { method: "POST" });
    expect(response.status === 201, `order ${order} is taken`);
  }
  console.log(`${ORDERS} orders are taken; the customer is down, so nothing is delivered yet`);
  await kill(first.app);
  console.log("the application has been killed");

  isUp = true;
  const second = await startApp(customerUrl);
  console.log(
    "it is up again, and so is the customer; what was in flight at the kill takes ten seconds more",
  );
  const until = Date.now() + PATIENCE_MS;
  while (received.size < ORDERS && Date.now() < until) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  const stats = (await (await fetch(`${second.url}/stats`)).json()) as { orders: number };
  console.log("what the application says", stats);
  await kill(second.app);
  customer.closeAllConnections();
  customer.close();
  rmSync(folder, { recursive: true, force: true });

  expect(stats.orders === ORDERS, "every order is in the database");
  expect(received.size === ORDERS, "the event of every order has arrived");
  console.log(`all ${ORDERS} events have arrived`);
});
