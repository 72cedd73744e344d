/** Errors of a vault, in the shape of its REST API. */

/** A call that is refused. */
export class VaultError extends Error {
  readonly status: number;
  readonly code: string;
  readonly innerCode: string | undefined;

  constructor(status: number, code: string, message: string, innerCode?: string) {
    super(message);
    this.name = 'VaultError';
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
  }

  body(): object {
    const { code, message, innerCode } = this;
    return { error: { code, message, ...(innerCode && { innererror: { code: innerCode } }) } };
  }
}
