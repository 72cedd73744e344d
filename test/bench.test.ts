/** The bench: it runs, takes turns, compares round by round, and says of every target whether it was met. */
import { expect } from 'chai';
import { type BrokerBenchResult, runBrokerBench } from '../scripts/bench/broker-bench.ts';
import { brokerReport } from '../scripts/bench/broker-report.ts';
import { targetsOf } from '../scripts/bench/broker-targets.ts';
import type { Entry, Workload } from '../scripts/bench/contestant.ts';
import { runGatewayBench } from '../scripts/bench/gateway-bench.ts';
import { runLarge } from '../scripts/bench/gateway-large.ts';
import { gatewayReport, largeReport, verdictOf } from '../scripts/bench/gateway-report.ts';
import { figure, quotients } from '../scripts/bench/medians.ts';
import { withSection } from '../scripts/bench/readme-section.ts';

const options = {
  stores: ['memory'] as const,
  sizes: [1, 20],
  rounds: 1,
  roundMs: 10,
  memory: { rounds: 1, calls: 100, quietMs: 1 },
  say: () => undefined,
  signal: new AbortController().signal,
};

/** What was measured of a contestant that took so many microseconds a call in each round. */
function measured(kind: Entry['kind'], workload: Workload, accounts: number, us: number[]) {
  return {
    store: 'redis' as const,
    entry: { kind, uri: 'redis://bench', accounts },
    order: { workload, inFlight: 1, ms: 1000 },
    rounds: us.map((each) => ({
      ...{ calls: 1000, ms: each, cpuUs: each * 1000 },
    })),
  };
}

function result(given: Partial<BrokerBenchResult>): BrokerBenchResult {
  const stores = ['redis'] as const;
  return {
    options: { ...options, stores },
    labels: [],
    timed: [],
    memory: [],
    bytes: [],
    ...given,
  };
}

describe('The bench of the broker', function () {
  // Each contestant is a process of its own.
  this.timeout(30_000);

  it('runs in processes of its own, and reports what it measured', async () => {
    const steps: string[] = [];
    const found = await runBrokerBench({ ...options, say: (step) => steps.push(step) });
    expect(steps).to.include('round 1 of 1');
    expect(found.timed.map(({ entry, order }) => `${entry.kind} ${order.workload}`)).to.deep.equal([
      'concierge one',
      'concierge one',
      'concierge warm',
      'concierge cold',
      'map warm',
      'msal-process warm',
      'msal-process one',
    ]);
    for (const { rounds } of found.timed) {
      expect(rounds).to.have.length(1);
      expect(rounds.at(0)?.calls).to.be.above(0);
    }
    const report = brokerReport(found);
    expect(report).to.match(/\| memory, one account \|[^|]+\/s[^|]+\| \*\*[\d.]+× ± \d+ %\*\*/);
    expect(report).to.include('| target | found |');
    expect(report).not.to.match(/NaN|undefined|\?/);
  });

  it('ends early with all it started when it is told to', async () => {
    const stop = new AbortController();
    const steps: string[] = [];
    const say = (step: string) => {
      if (steps.push(step) && step === 'warming up') stop.abort();
    };
    const bench = runBrokerBench({ ...options, sizes: [1], say, signal: stop.signal });
    const failure = await bench.catch((error: unknown) => error);
    expect(steps.at(-1)).to.equal('warming up');
    expect(failure).to.have.property('name', 'AbortError');
  });

  describe('compares', () => {
    it('round by round, so that what slows both for a while is no difference', () => {
      expect(quotients([10, 40, 12], [5, 20, 6])).to.deep.equal([2, 2, 2]);
    });

    it('by medians, and says how far rounds lie apart', () => {
      expect(figure([9, 1, 2]).median).to.equal(2);
      expect(figure([1, 2, 3, 4]).median).to.equal(2.5);
      expect(figure([8, 9, 10, 11, 12]).spread).to.equal(0.1);
    });

    it('with a margin that many rounds make small', () => {
      const rounds = [8, 9, 10, 11, 12];
      expect(figure(rounds).margin).to.be.closeTo(1.4, 0.01);
      expect(figure(Array.from({ length: 20 }, () => rounds).flat()).margin).to.be.closeTo(
        0.31,
        0.01,
      );
    });
  });

  describe('says of a target whether it was met:', () => {
    const verdicts = (given: Partial<BrokerBenchResult>) =>
      targetsOf(result(given)).map(({ verdict }) => verdict);
    const ours = measured('concierge', 'warm', 1000, [10, 10, 10]);

    it('ten times as fast as the best of msal-node', () => {
      const slowest = measured('msal-sample', 'warm', 1000, [500, 500, 500]);
      const best = (us: number) => measured('msal-request', 'warm', 1000, [us, us, us]);
      expect(verdicts({ timed: [ours, slowest, best(100)] })).to.deep.equal(['met']);
      expect(verdicts({ timed: [ours, slowest, best(99)] })).to.deep.equal(['missed']);
    });

    it('as cheap among many accounts as with one', () => {
      const one = measured('concierge', 'one', 1, [10, 10, 10]);
      const ofMany = (us: number) => measured('concierge', 'one', 1000, [us, us, us]);
      expect(verdicts({ timed: [one, ofMany(11)] })).to.deep.equal(['met']);
      expect(verdicts({ timed: [one, ofMany(12)] })).to.deep.equal(['missed']);
    });

    it('or that more rounds are needed to tell', () => {
      const one = measured('concierge', 'one', 1, [10, 10, 10]);
      const noisy = measured('concierge', 'one', 1000, [8, 12, 16]);
      expect(verdicts({ timed: [one, noisy] })).to.deep.equal(['unclear']);
    });

    it('half as large again as the tokens', () => {
      expect(verdicts({ bytes: [{ store: 'redis', perAccount: 7200 }] })).to.deep.equal(['met']);
      expect(verdicts({ bytes: [{ store: 'redis', perAccount: 7201 }] })).to.deep.equal(['missed']);
    });

    it('memory that does not grow once as many accounts are held as may be', () => {
      const memory = (held: number[]) => {
        const weights = held.map((bytes) => ({ heapBytes: bytes, rssBytes: bytes }));
        return [{ ...measured('concierge', 'anyone', 1000, []), weights }];
      };
      expect(verdicts({ memory: memory([100, 105, 110]) })).to.deep.equal(['met']);
      expect(verdicts({ memory: memory([100, 110, 120]) })).to.deep.equal(['missed']);
    });
  });

  describe('in the README', () => {
    it('replaces what stands between its markers, and nothing else', () => {
      const readme = 'a\n<!-- bench broker -->\nold $1\n<!-- /bench broker -->\nb\n';
      const expected = 'a\n<!-- bench broker -->\n\nnew $1\n\n<!-- /bench broker -->\nb\n';
      expect(withSection(readme, 'broker', 'new $1')).to.equal(expected);
    });

    it('refuses a README without its markers', () => {
      expect(() => withSection('a', 'broker', 'new')).to.throw('no markers');
    });
  });
});

describe('The bench of the gateway', function () {
  // Each contestant is a process of its own.
  this.timeout(60_000);

  it('runs, and reports what it measured', async () => {
    const { say, signal } = options;
    const times = { rounds: 1, roundMs: 20 };
    const rounds = await runGatewayBench({ ...times, say, signal });
    for (const [one] of Object.values(rounds)) expect(one?.calls).to.be.above(0);
    const report = gatewayReport(rounds, times);
    expect(report)
      .to.include('| the gateway |')
      .and.match(/\*\*(met|missed|unclear)\*\*/);
    expect(report).not.to.match(/NaN|undefined/);
  });

  it('sends large bodies and slow streams, and sees that nothing is left open', async () => {
    const large = { bytes: 2 ** 20, streams: 20, ticks: 2 };
    const report = largeReport(await runLarge({ ...large, say: options.say }));
    expect(report).to.include('| 1 MB up |').and.include('20 streams read to their end');
    expect(report).to.include('none open at the API');
  });

  it('says of its target whether it was met', () => {
    expect(verdictOf(1.2, 0.05)).to.equal('met');
    expect(verdictOf(1.4, 0.05)).to.equal('missed');
    expect(verdictOf(1.29, 0.05)).to.equal('unclear');
  });
});
