import type { Socket } from "node:net";

/** Takes bytes from a socket, `bytes` up to `length`; they are overwritten after the call. */
export type Receive = (bytes: Uint8Array, length: number) => void;

/** What a dial reports to the attempt that waits for it; nothing after `ready`, `failed` or its being given up. */
export interface DialReport {
  /** The name has its addresses. */
  resolved(): void;
  /** @param address that was dialled; `undefined` behind a proxy */
  dialling(address: string | undefined): void;
  /** TCP stands, to the endpoint or through the proxy; TLS, if any, begins. */
  connected(address: string | undefined): void;
  /** The socket can be written to, once it has been told where to put what it reads. */
  ready(socket: Socket, readInto: (receive: Receive) => void): void;
  failed(error: unknown): void;
}
