/** How often a PFX has its password hashed, before any of that is done. */
import forge from 'node-forge';

const { asn1 } = forge;
/** Deeper than any real one. */
const MAX_DEPTH = 40;

/**
 * The most rounds that any key in it takes. Both kinds of parameters (RFC 7292 §C, RFC 8018 §A.2) are a
 * sequence that begins with a salt, an octet string, and the number of rounds.
 */
export function keyRounds({ value, type }: forge.asn1.Asn1, depth = 0): number {
  if (depth > MAX_DEPTH) return 0;
  if (!Array.isArray(value)) {
    const inner = type === asn1.Type.OCTETSTRING ? parsed(value) : undefined;
    return inner ? keyRounds(inner, depth + 1) : 0;
  }
  const [salt, rounds] = value;
  const isSalted = salt?.type === asn1.Type.OCTETSTRING && rounds?.type === asn1.Type.INTEGER;
  const own = isSalted && typeof rounds.value === 'string' ? numberIn(rounds.value) : 0;
  return Math.max(own, ...value.map((each) => keyRounds(each, depth + 1)));
}

/** Contents are written as octet strings that hold more of the same. */
function parsed(bytes: string): forge.asn1.Asn1 | undefined {
  try {
    return asn1.fromDer(forge.util.createBuffer(bytes));
  } catch {
    // Salts, ciphertexts and names are none.
    return undefined;
  }
}

function numberIn(bytes: string): number {
  return Number.parseInt(`0${Buffer.from(bytes, 'latin1').toString('hex')}`, 16);
}
