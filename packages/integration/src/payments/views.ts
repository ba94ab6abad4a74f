import type { PaymentFailure } from "./failure.ts";
import type { Money } from "./money.ts";
import type { CaptureMethod, PaymentStatus, RefundStatus } from "./provider.ts";
import type { StoredPayment, StoredRefund } from "./store.ts";

/** A payment as the service shows it. */
export interface Payment {
  readonly id: string;
  readonly operationId: string;
  readonly userId: string;
  /** Such as `stripe`. */
  readonly provider: string;
  /** The vendor's id, once it is known. */
  readonly providerPaymentId?: string;
  readonly status: PaymentStatus;
  readonly money: Money;
  readonly captured: Money;
  /** By refunds that have succeeded. */
  readonly refunded: Money;
  /** By refunds that have succeeded or are under way: `captured` less this can still be refunded. */
  readonly refundReserved: Money;
  readonly capture: CaptureMethod;
  /** Whether a call is under way, or was lost: the provider may be further than the status says. */
  readonly open: boolean;
  /** With status `failed`. */
  readonly failure?: PaymentFailure;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A refund as the service shows it. */
export interface Refund {
  readonly id: string;
  readonly operationId: string;
  readonly paymentId: string;
  readonly providerRefundId?: string;
  readonly status: RefundStatus;
  readonly money: Money;
  /** As for a payment. */
  readonly open: boolean;
  /** With status `failed`. */
  readonly failure?: PaymentFailure;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export function paymentView(stored: StoredPayment): Payment {
  const { currency } = stored;
  return {
    id: stored.id,
    operationId: stored.operationId,
    userId: stored.userId,
    provider: stored.provider,
    ...(stored.providerPaymentId !== undefined && { providerPaymentId: stored.providerPaymentId }),
    status: stored.status,
    money: { amount: stored.amount, currency },
    captured: { amount: stored.capturedAmount, currency },
    refunded: { amount: stored.refundedAmount, currency },
    refundReserved: { amount: stored.refundReserved, currency },
    capture: stored.capture,
    open: stored.openCall !== undefined,
    ...(stored.failure && { failure: stored.failure }),
    createdAt: stored.createdAt,
    updatedAt: stored.updatedAt,
  };
}

export function refundView(stored: StoredRefund, currency: string): Refund {
  return {
    id: stored.id,
    operationId: stored.operationId,
    paymentId: stored.paymentId,
    ...(stored.providerRefundId !== undefined && { providerRefundId: stored.providerRefundId }),
    status: stored.status,
    money: { amount: stored.amount, currency },
    open: stored.openCall !== undefined,
    ...(stored.failure && { failure: stored.failure }),
    createdAt: stored.createdAt,
    updatedAt: stored.updatedAt,
  };
}
