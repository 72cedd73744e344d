/** What a route gives to Microsoft's own SDKs in place of a credential: `credential(ctx)`. */
import { BrokerCredential } from '../downstream/token-credential.ts';
import { type Context, signedIn } from './context.ts';

/** For the person signed in. @throws {SignInRequired} nobody is. */
export function credential(ctx: Context): BrokerCredential {
  return new BrokerCredential(ctx.state.broker, signedIn(ctx));
}

/** For this site itself, with rights that nobody in a browser should lend. */
export function siteCredential(ctx: Context): BrokerCredential {
  return new BrokerCredential(ctx.state.broker, 'site');
}
