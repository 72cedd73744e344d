/** What is wrong with a certificate or its key, and how to mend it; nothing of their content. */

export class CertificateProblem {
  readonly part: 'certificate' | 'privateKey';
  /** Continues a sentence whose subject is the file or the setting. */
  readonly problem: string;
  readonly fix: string;

  constructor(part: CertificateProblem['part'], problem: string, fix: string) {
    this.part = part;
    this.problem = problem;
    this.fix = fix;
  }
}
