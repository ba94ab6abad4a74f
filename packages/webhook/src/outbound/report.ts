import type { Claimed, Settlement, StoredSubscription } from "../store/delivery-store.ts";
import type { Announce } from "./hooks.ts";
import { deliveryView } from "./views.ts";

const OUTCOMES = { sent: "delivered", failed: "failed", dead: "dead" } as const;

/** Tells the hooks what an attempt came to, and what it did to its endpoint. */
export function reportEnd(
  announce: Announce,
  claimed: Claimed,
  settlement: Settlement,
  before: StoredSubscription | undefined,
): void {
  const { attempt, result, endpoint } = settlement;
  if (
    attempt &&
    result !== "release" &&
    (announce.isHeard("attempt") || announce.isHeard(OUTCOMES[result]))
  ) {
    // A driver may hand out a live record or one from before the attempt: what has changed is said here.
    const moment = () => ({
      attempt,
      delivery: deliveryView({
        ...claimed.delivery,
        status: result,
        attempts: attempt.number,
        updatedAt: settlement.at,
        dueAt: result === "failed" ? settlement.dueAt : undefined,
        lastStatus: attempt.status,
        lastError: settlement.error,
      }),
    });
    announce("attempt", moment);
    announce(OUTCOMES[result], moment);
  }
  if (!endpoint || !before) return;
  const was = before.endpoint.status;
  const moment = () => ({ subscriptionId: before.id, endpoint });
  if (endpoint.status === was) return;
  if (endpoint.status === "failing") announce("endpointFailing", moment);
  if (endpoint.status === "disabled") announce("endpointDisabled", moment);
  if (endpoint.status === "ok") announce("endpointRecovered", moment);
}
