export type { DeliveryStoreCase, DeliveryStoreCaseContext } from "./delivery-store-cases.ts";
export { deliveryStoreCases } from "./delivery-store-cases.ts";
export type { FaultReceiver, FaultReceiverOptions, ReceivedRequest } from "./fault-receiver.ts";
export { createFaultReceiver } from "./fault-receiver.ts";
export type { ReceiverStep } from "./faults.ts";
export type { ManualClock } from "./manual-clock.ts";
export { createManualClock } from "./manual-clock.ts";
