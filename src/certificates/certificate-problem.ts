/** What is wrong with a certificate or its key, and how to mend it; nothing of their content. */

export class CertificateProblem {
  /** `container`: of a file that holds both. */
  readonly part: 'certificate' | 'privateKey' | 'container';
  /** Continues a sentence whose subject is the file or the setting. */
  readonly problem: string;
  readonly fix: string;
  readonly isKeyMissing: boolean;

  constructor(
    part: CertificateProblem['part'],
    problem: string,
    fix: string,
    isKeyMissing = false,
  ) {
    this.part = part;
    this.problem = problem;
    this.fix = fix;
    this.isKeyMissing = isKeyMissing;
  }

  static noKey(fix: string): CertificateProblem {
    return new CertificateProblem('container', 'holds no private key', fix, true);
  }
}
