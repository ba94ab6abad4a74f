/** What the emulator answers, before it meets the network. */
export interface StripeAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Whether the endpoint had begun to work: only then is the answer kept for its idempotency key. */
  readonly isExecuted: boolean;
}

export function executed(body: unknown, status = 200): StripeAnswer {
  return { status, body, isExecuted: true };
}

interface ErrorParts {
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly declineCode?: string;
  /** The PaymentIntent that it is about. */
  readonly intent?: unknown;
}

/** An error in the form of Stripe's: refused by the checks before the endpoint, so not kept for the key. */
export function problem(status: number, message: string, parts: ErrorParts = {}): StripeAnswer {
  const { type = "invalid_request_error", code, param, declineCode, intent } = parts;
  return {
    status,
    isExecuted: false,
    body: {
      error: {
        type,
        message,
        ...(code !== undefined && {
          code,
          doc_url: `https://docs.stripe.com/error-codes#${code.replaceAll("_", "-")}`,
        }),
        ...(param !== undefined && { param }),
        ...(declineCode !== undefined && { decline_code: declineCode }),
        ...(intent !== undefined && { payment_intent: intent }),
      },
    },
  };
}

export function noSuch(what: string, id: string, param = "id"): StripeAnswer {
  return problem(param === "id" ? 404 : 400, `No such ${what}: '${id}'`, {
    code: "resource_missing",
    param,
  });
}

/** A list as one page of Stripe's, newest first. */
export function page(
  url: string,
  items: readonly { readonly id: string }[],
  query: { readonly limit: string | undefined; readonly startingAfter: string | undefined },
): StripeAnswer {
  const limit = Number(query.limit ?? 10);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    return problem(400, "Invalid limit", { param: "limit" });
  }
  const from =
    query.startingAfter === undefined
      ? 0
      : items.findIndex((item) => item.id === query.startingAfter) + 1;
  const data = items.slice(from, from + limit);
  return executed({ object: "list", url, data, has_more: from + limit < items.length });
}
