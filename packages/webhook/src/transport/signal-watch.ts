/** Listens to abort signals, once to each however many attempts share it. */
export interface SignalWatch {
  /** An attempt with this signal, which has not fired yet, begins. */
  acquire(signal: AbortSignal): void;
  /** It has ended. */
  release(signal: AbortSignal): void;
  /** Listens no more. */
  close(): void;
}

interface Watched {
  attempts: number;
  readonly listener: () => void;
}

/** A signal is mostly the same as the one before: some stay listened to, without an attempt. */
const MAX_UNUSED = 4;

/** @param onAbort called once when a signal fires */
export function createSignalWatch(onAbort: (signal: AbortSignal) => void): SignalWatch {
  const watched = new Map<AbortSignal, Watched>();
  let unused = 0;
  let latestSignal: AbortSignal | undefined;
  let latest: Watched | undefined;

  const find = (signal: AbortSignal): Watched | undefined =>
    signal === latestSignal ? latest : watched.get(signal);

  const forget = (signal: AbortSignal, { listener }: Watched): void => {
    signal.removeEventListener("abort", listener);
    watched.delete(signal);
    if (signal !== latestSignal) return;
    latestSignal = undefined;
    latest = undefined;
  };

  const watch = (signal: AbortSignal): Watched => {
    const entry = { attempts: 0, listener: () => onAbort(signal) };
    watched.set(signal, entry);
    signal.addEventListener("abort", entry.listener, { once: true });
    unused += 1;
    return entry;
  };

  return {
    acquire(signal) {
      const entry = find(signal) ?? watch(signal);
      latestSignal = signal;
      latest = entry;
      if (entry.attempts === 0) unused -= 1;
      entry.attempts += 1;
    },
    release(signal) {
      const entry = find(signal);
      if (!entry) return;
      entry.attempts -= 1;
      if (entry.attempts > 0) return;
      unused += 1;
      if (unused <= MAX_UNUSED) return;
      for (const [other, found] of watched) if (found.attempts === 0) forget(other, found);
      unused = 0;
    },
    close() {
      for (const [signal, entry] of watched) forget(signal, entry);
      unused = 0;
    },
  };
}
