/** The body of a Stripe event of about 2.5 kB. */
export function createEventText(now: number): string {
  return JSON.stringify({
    id: "evt_1",
    object: "event",
    type: "charge.succeeded",
    created: Math.floor(now / 1000),
    data: {
      object: {
        id: "ch_1",
        amount: 2000,
        currency: "usd",
        lines: Array.from({ length: 24 }, (_each, index) => ({
          id: `li_${index}`,
          description: "An item of an order, as long as such texts are",
          amount: index,
        })),
      },
    },
  });
}
