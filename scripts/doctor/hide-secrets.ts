/** The last line of defence: whatever a finding says, no secret of the settings is in it. */
import type { ExaminedSettings } from '../../src/config/load-settings.ts';

/** `bytes` are those of a certificate with its key, `data` what a module of the operator's is given. */
const SECRET_NAME = /secret|password|^bytes$|^data$|encryptionkeys|indexkey/i;
/** Of a store's query, in which most is no secret: a table's name, a mode, a number. */
const SECRET_PARAMETER =
  /pass|pwd|secret|token|credential|(api|access|account|shared)[_-]?key|^(key|sig|auth)$/i;
/** Shorter ones would take pieces out of words; nothing that short keeps a secret. */
const MIN_LENGTH = 5;
/** A terminal would obey them. */
const CONTROLS = /\p{Cc}+/gu;

/** A function that takes the secrets of these settings out of a text, and what would move a cursor. */
export function hideSecrets({ settings, sections }: ExaminedSettings): (text: string) => string {
  const secrets = [
    ...secretsIn(sections, false),
    ...secretsIn(settings, false),
    ...partsOfUri(sections?.tokenCache.store ?? ''),
    ...(sections?.downstreamApis ?? []).flatMap(({ defaults }) => [
      ...Object.values(defaults.headers),
      ...Object.values(defaults.query),
    ]),
  ];
  const spelt = new Set(secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]));
  // The longest first: one may be a part of another.
  const hidden = [...spelt]
    .filter(({ length }) => length >= MIN_LENGTH)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const shown = text.replace(CONTROLS, ' ');
    return hidden.reduce((left, secret) => left.replaceAll(secret, '***'), shown);
  };
}

/** All texts and bytes that are kept under the name of a secret, at any depth. */
function secretsIn(value: unknown, isSecret: boolean): readonly string[] {
  if (typeof value === 'string') return isSecret ? [value] : [];
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    return isSecret ? [bytes.toString('base64'), bytes.toString('base64url')] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    return secretsIn(inner, isSecret || SECRET_NAME.test(name));
  });
}

/** A password, as it is written and as it is meant; also of a URI that is no URL. */
function partsOfUri(uri: string): readonly string[] {
  const [, credentials = '', query = ''] =
    /^[a-z+-]+:\/\/(?:(.*)@)?[^?]*\??(.*)$/is.exec(uri) ?? [];
  const password = credentials.replace(/^[^:]*:/, '');
  const ofQuery = query.split('&').flatMap((pair) => {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    return SECRET_PARAMETER.test(decoded(name)) ? [value, decoded(value.replaceAll('+', ' '))] : [];
  });
  return [password, decoded(password), ...ofQuery];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Badly encoded: then it is meant as it is written, if at all.
    return text;
  }
}
