/** Collects every fault of the configuration, so that all are told at once. */

/** One thing to mend: `key` and `problem` make a sentence, `fix` is one of its own. */
export interface ConfigurationFault {
  /** The key as in `AzureAd:ClientId`, or a file's name. */
  readonly key: string;
  readonly problem: string;
  readonly fix: string;
}

/** The configuration cannot be used; the message lists every fault, and never a secret. */
export class ConfigurationFaults extends Error {
  readonly faults: readonly ConfigurationFault[];

  constructor(faults: readonly ConfigurationFault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    const list = faults.map(
      ({ key, problem, fix }, i) => `  ${i + 1}. ${key} ${problem}.\n     ${fix}`,
    );
    super(
      `The configuration has ${count}:\n${list.join('\n')}\n` +
        'A key can stand in appsettings.json, or in the environment with "__" for ":", ' +
        'as AzureAd__ClientId.',
    );
    this.name = 'ConfigurationFaults';
    this.faults = faults;
  }
}

/** What reading the configuration found wrong so far. */
export class FaultReport {
  readonly #faults: ConfigurationFault[] = [];
  readonly #warnings: ConfigurationFault[] = [];

  get faults(): readonly ConfigurationFault[] {
    return this.#faults;
  }

  get warnings(): readonly ConfigurationFault[] {
    return this.#warnings;
  }

  get hasFaults(): boolean {
    return this.#faults.length > 0;
  }

  fault(key: string, problem: string, fix: string): void {
    this.#faults.push({ key, problem, fix });
  }

  /** Something that the site can start with. */
  warn(key: string, problem: string, fix: string): void {
    this.#warnings.push({ key, problem, fix });
  }
}
