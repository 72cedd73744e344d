/** Typed reads from one section of the configuration; what is wrong goes to the report. */
import {
  type ConfigBranch,
  type ConfigNode,
  childOf,
  isBranch,
  listElements,
} from './config-tree.ts';
import type { FaultReport } from './faults.ts';
import { nearest } from './nearest.ts';
import { isPlaceholder } from './placeholder.ts';

interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/** One section, and the keys that it may hold. Reads give `undefined` for what is absent or faulty. */
export class Section<Key extends string> {
  /** As in `AzureAd:ClientCredentials:0`. */
  readonly path: string;
  readonly report: FaultReport;
  readonly #branch: ConfigBranch | undefined;
  readonly #keys: readonly Key[];

  constructor(
    path: string,
    node: ConfigNode | undefined,
    keys: readonly Key[],
    report: FaultReport,
  ) {
    this.path = path;
    this.report = report;
    this.#keys = keys;
    const isObject = isBranch(node) && !(node.isList && node.children.size > 0);
    if (isObject) this.#branch = node;
    else if (node && !isBlank(node)) reportType(path, node, 'an object with keys', report);
  }

  pathOf(key: Key): string {
    return `${this.path}:${key}`;
  }

  /** Whether there is anything at `key` but an empty text or null. */
  has(key: Key): boolean {
    return !isBlank(childOf(this.#branch, key));
  }

  fault(key: Key, problem: string, fix: string): void {
    this.report.fault(this.pathOf(key), problem, fix);
  }

  warn(key: Key, problem: string, fix: string): void {
    this.report.warn(this.pathOf(key), problem, fix);
  }

  /** A text without white space around it. */
  text(key: Key): string | undefined {
    return this.#text(childOf(this.#branch, key), this.pathOf(key));
  }

  /** A password as it is written: white space and signs of any kind may be a part of it. */
  password(key: Key): string | undefined {
    const node = childOf(this.#branch, key);
    return node && this.#written(node, this.pathOf(key));
  }

  requiredText(key: Key, fix: string): string | undefined {
    if (!this.has(key)) this.fault(key, 'is missing', fix);
    return this.text(key);
  }

  integer(key: Key, { min, max }: IntegerRange): number | undefined {
    const node = childOf(this.#branch, key);
    if (node === undefined || isBlank(node)) return undefined;
    const value = isBranch(node) ? undefined : node.value;
    const isNumeric = typeof value === 'string' && /^\s*\d+\s*$/.test(value);
    const number = isNumeric ? Number(value) : value;
    if (typeof number !== 'number') reportType(this.pathOf(key), node, 'a number', this.report);
    else if (Number.isInteger(number) && number >= min && number <= max) return number;
    else this.fault(key, `is ${number}`, `Set it to a whole number from ${min} to ${max}.`);
    return undefined;
  }

  flag(key: Key): boolean | undefined {
    const node = childOf(this.#branch, key);
    if (node === undefined || isBlank(node)) return undefined;
    const word = isBranch(node) ? '' : String(node.value).trim().toLowerCase();
    if (word === 'true' || word === 'false') return word === 'true';
    reportType(this.pathOf(key), node, 'true or false', this.report);
    return undefined;
  }

  /** The words of a list or of one text; an empty list for an empty text. */
  words(key: Key, separator = /\s+/): readonly string[] | undefined {
    const node = childOf(this.#branch, key);
    if (node === undefined || (!isBranch(node) && node.value === null)) return undefined;
    const elements = isBranch(node) ? listElements(node) : [node];
    if (!elements) reportType(this.pathOf(key), node, 'a list or a text', this.report);
    const texts = elements?.map((element, i) =>
      isBlank(element) ? '' : this.#text(element, elementPath(this.pathOf(key), node, i)),
    );
    if (!texts?.every((text) => text !== undefined)) return undefined;
    return texts.flatMap((text) => text.split(separator)).filter((word) => word !== '');
  }

  /** The sections of a list of objects; empty when absent. */
  sections<Inner extends string>(key: Key, keys: readonly Inner[]): Section<Inner>[] {
    const node = childOf(this.#branch, key);
    if (node === undefined || isBlank(node)) return [];
    const elements = isBranch(node) ? listElements(node) : undefined;
    if (!elements) reportType(this.pathOf(key), node, 'a list of objects', this.report);
    // By the index that is written: in the environment some may be left out.
    return (elements ?? []).map(
      (element) => new Section(`${this.pathOf(key)}:${element.name}`, element, keys, this.report),
    );
  }

  /** The section at `key`; an empty one when absent. */
  section<Inner extends string>(key: Key, keys: readonly Inner[]): Section<Inner> {
    return new Section(this.pathOf(key), childOf(this.#branch, key), keys, this.report);
  }

  /** Texts by names of the writer's own; empty when absent. */
  dictionary(key: Key): ReadonlyMap<string, string> {
    const node = childOf(this.#branch, key);
    if (node === undefined || isBlank(node)) return new Map();
    if (!isBranch(node) || node.isList) {
      reportType(this.pathOf(key), node, 'an object with names and texts', this.report);
      return new Map();
    }
    const texts = [...node.children.values()].map(
      (child) => [child.name, this.#text(child, `${this.pathOf(key)}:${child.name}`)] as const,
    );
    return new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));
  }

  /** What is written here under keys that the section does not hold. */
  unknownKeys(): { readonly name: string; readonly nearest: Key | undefined }[] {
    const known = new Set(this.#keys.map((key) => key.toLowerCase()));
    return [...(this.#branch?.children ?? [])]
      .filter(([lowerCase]) => !known.has(lowerCase))
      .map(([, { name }]) => {
        const neighbour = nearest(name, this.#keys);
        return { name, nearest: this.#keys.find((key) => key === neighbour) };
      });
  }

  /** Makes every unknown key a fault. */
  refuseUnknownKeys(): void {
    for (const { name, nearest: neighbour } of this.unknownKeys()) {
      this.refuseUnknownKey(name, neighbour);
    }
  }

  refuseUnknownKey(name: string, neighbour: Key | undefined): void {
    const fix = neighbour ? `Did you mean ${neighbour}?` : `Known are ${this.#keys.join(', ')}.`;
    this.report.fault(`${this.path}:${name}`, 'is not a key that this site knows', fix);
  }

  #text(node: ConfigNode | undefined, path: string): string | undefined {
    if (node === undefined || isBlank(node)) return undefined;
    const text = this.#written(node, path)?.trim();
    if (text === undefined || !isPlaceholder(text)) return text;
    this.report.fault(path, 'still holds a placeholder', 'Replace it by your own value.');
    return undefined;
  }

  #written(node: ConfigNode, path: string): string | undefined {
    if (isEmpty(node)) return undefined;
    if (!isBranch(node) && typeof node.value === 'string') return node.value;
    reportType(path, node, 'a text', this.report);
    return undefined;
  }
}

function isBlank(node: ConfigNode | undefined): boolean {
  if (node === undefined) return true;
  const isSpace = !isBranch(node) && typeof node.value === 'string' && node.value.trim() === '';
  return isSpace || isEmpty(node);
}

function isEmpty(node: ConfigNode): boolean {
  return isBranch(node) ? node.children.size === 0 : node.value === null || node.value === '';
}

function elementPath(path: string, node: ConfigNode, index: number): string {
  return isBranch(node) ? `${path}:${index}` : path;
}

function reportType(path: string, node: ConfigNode, wanted: string, report: FaultReport): void {
  report.fault(path, `holds ${typeName(node)}`, `Write ${wanted}.`);
}

function typeName(node: ConfigNode): string {
  if (isBranch(node)) return listElements(node) ? 'a list' : 'an object';
  if (typeof node.value === 'boolean') return String(node.value);
  return typeof node.value === 'number' ? 'a number' : 'a text';
}
