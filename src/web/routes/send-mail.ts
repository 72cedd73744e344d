/** `GET` and `POST /mail/send`: writes a message as the person, to themselves unless they say otherwise. */
import { sendMail } from '../../downstream/graph/mail.ts';
import { AppError, SignInRequired } from '../../errors.ts';
import { type Context, type Middleware, type Parts, signedIn } from '../context.ts';
import { errorAnswer } from '../error-answer.ts';
import { logFailure } from '../error-log.ts';
import { graphOf } from '../graph-of.ts';
import { faultsOf, MAIL_LIMITS, type MailForm, recipientsOf } from '../mail-form.ts';
import { formField } from '../read-form.ts';
import { signInPathFor } from '../sign-in-links.ts';

/** Explains and offers consent where it is missing; then the form. */
export function mailForm(parts: Parts): Middleware {
  return async (ctx) => {
    const isSent = new URLSearchParams(ctx.querystring).get('done') === 'sent';
    const form = { to: signedIn(ctx).identity.username ?? '', subject: '', text: '' };
    show(parts, ctx, form, { askUrl: await missingConsent(parts, ctx), isSent });
  };
}

/** What is wrong is said beside what was written, of which nothing is lost. */
export function mailSending(parts: Parts): Middleware {
  return async (ctx) => {
    const form = {
      to: (await formField(ctx, 'to')) ?? '',
      subject: (await formField(ctx, 'subject')) ?? '',
      text: (await formField(ctx, 'text')) ?? '',
    };
    const faults = faultsOf(form);
    if (Object.keys(faults).length > 0) {
      show(parts, ctx, form, { faults });
      ctx.status = 400;
      return;
    }
    try {
      await sendMail(graphOf(parts, ctx), { ...form, to: recipientsOf(form.to) });
    } catch (error) {
      // A missing consent is asked for with the form held back; a bug is no matter of this form.
      if (error instanceof SignInRequired || !(error instanceof AppError)) throw error;
      const answer = errorAnswer(error, true);
      logFailure(parts.log, ctx, error, answer);
      ctx.set(answer.headers);
      show(parts, ctx, form, { problem: `${answer.message} ${answer.advice}` });
      ctx.status = answer.status;
      return;
    }
    ctx.status = 303;
    ctx.redirect('/mail/send?done=sent');
  };
}

/** Where the person is asked to let this site send mail; empty when that is settled. */
async function missingConsent(parts: Parts, ctx: Context): Promise<string> {
  const scopes = graphOf(parts, ctx).scopes('Mail.Send');
  try {
    await parts.broker.acquireToken(signedIn(ctx), { scopes });
    return '';
  } catch (error) {
    // To be explained before it is asked for.
    if (error instanceof SignInRequired) return signInPathFor(parts, ctx, error);
    throw error;
  }
}

interface Shown {
  readonly askUrl?: string;
  readonly isSent?: boolean;
  readonly faults?: Partial<MailForm>;
  readonly problem?: string;
}

function show(parts: Parts, ctx: Context, form: MailForm, shown: Shown): void {
  const nothing = { askUrl: '', isSent: false, faults: {}, problem: '' };
  parts.pages.show(ctx, 'mail-send', { ...nothing, ...shown, form, limits: MAIL_LIMITS });
}
