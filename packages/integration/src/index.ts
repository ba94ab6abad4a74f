export { createGitHubVerifier } from "./providers/github.ts";
export { createStripeVerifier } from "./providers/stripe.ts";
