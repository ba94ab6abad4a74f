import type { Clock } from "../../src/client/clock.ts";
import type {
  EmailLogStore,
  EmailProvider,
  EmailService,
  EmailServiceOptions,
  HandOver,
  OutgoingEmail,
  SendResult,
} from "../../src/email/index.ts";
import {
  createEmailService,
  createMemoryEmailLogStore,
  createSendGridProvider,
} from "../../src/email/index.ts";
import type { SendGridClientOptions } from "../../src/email/index.ts";
import type { SendGridEmulator, SendGridEmulatorOptions } from "../../src/testing/index.ts";
import { createSendGridEmulator } from "../../src/testing/index.ts";

export const T0 = 1_700_000_000_000;
export const TEMPLATE = "d-0123456789abcdef0123456789abcdef";

/** A clock that stands still until it is moved. */
interface TestClock extends Clock {
  advance(ms: number): void;
}

function createTestClock(): TestClock {
  let now = T0;
  const tasks = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    after(delayMs, run) {
      const task = { at: now + delayMs, run };
      tasks.add(task);
      return () => tasks.delete(task);
    },
    advance(ms) {
      now += ms;
      for (const task of [...tasks].toSorted((a, b) => a.at - b.at)) {
        if (task.at > now || !tasks.delete(task)) continue;
        task.run();
      }
    },
  };
}

/** A service on an emulator. Close it with `await using`. */
export interface Bench extends AsyncDisposable {
  readonly emulator: SendGridEmulator;
  readonly service: EmailService;
  readonly store: EmailLogStore;
  readonly clock: TestClock;
  /** Everything that was logged. */
  readonly logged: readonly string[];
}

export async function createBench(
  options: {
    readonly service?: Partial<EmailServiceOptions>;
    readonly client?: SendGridClientOptions;
    readonly provider?: Partial<Parameters<typeof createSendGridProvider>[0]>;
    readonly emulator?: SendGridEmulatorOptions;
  } = {},
): Promise<Bench> {
  const clock = createTestClock();
  const logged: string[] = [];
  const emulator = await createSendGridEmulator({ now: () => clock.now(), ...options.emulator });
  const store = options.service?.store ?? createMemoryEmailLogStore();
  const provider = createSendGridProvider({
    apiKey: emulator.apiKey,
    baseUrl: emulator.url,
    ...options.provider,
    client: {
      clock,
      random: () => 0.5,
      log: { sink: (line) => void logged.push(JSON.stringify(line)) },
      hooks: {
        // The wait begins right after this moment.
        onRetry: ({ delayMs }) => queueMicrotask(() => clock.advance(delayMs + 1)),
      },
      ...options.client,
    },
  });
  const service = createEmailService({
    provider,
    from: { email: "shop@example.com", name: "The Shop" },
    now: () => clock.now(),
    ...options.service,
    store,
  });
  return {
    emulator,
    service,
    store,
    clock,
    logged,
    async [Symbol.asyncDispose]() {
      await service.close();
      await emulator.close();
    },
  };
}

/** A provider that answers from a list; its last answer stays. */
export function createScriptedProvider(
  name: string,
  answers: readonly HandOver[],
  maxRecipients = 1000,
): EmailProvider & { readonly emails: readonly OutgoingEmail[] } {
  const left = [...answers];
  const emails: OutgoingEmail[] = [];
  return {
    name,
    maxRecipients,
    emails,
    send(email) {
      emails.push(email);
      const answer = left.length > 1 ? left.shift() : left[0];
      return answer ? Promise.resolve(answer) : Promise.reject(new Error("no answer"));
    },
    readEvents: (event) => (event.source === name ? { events: [], malformed: 0 } : undefined),
  };
}

export const sentBy = (provider: string, messageId = "m1"): HandOver => ({
  success: true,
  provider,
  messageId,
  sandbox: false,
});

/** A service on a scripted provider that takes everything, unless the options say otherwise. */
export function serviceWith(options: Partial<EmailServiceOptions> = {}) {
  const provider = createScriptedProvider("scripted", [sentBy("scripted")]);
  const service = createEmailService({
    provider,
    from: "shop@example.com",
    now: () => T0,
    ...options,
  });
  return { provider, service };
}

export const idOf = (result: SendResult): string => result.id ?? "none";
