import { isJsonObject } from '#base/json.ts';
import { compare, finite } from './evaluate.ts';
import type { LanguageFunction, Value } from './expression.ts';
import { languageLimits } from './limits.ts';

type Table = readonly (readonly [name: string, callee: LanguageFunction])[];

/** Of one value. */
function one(call: (value: Value) => Value): LanguageFunction {
  return { argumentsMin: 1, argumentsMax: 1, call: ([value]) => call(value) };
}

/** Of texts; undefined where one is none. */
function texts(count: number, call: (...values: string[]) => Value): LanguageFunction {
  return {
    argumentsMin: count,
    argumentsMax: count,
    call: (values) => {
      const all = values.filter((value) => typeof value === 'string');
      return all.length === count ? call(...all) : undefined;
    },
  };
}

function numbers(count: number, call: (...values: number[]) => number): LanguageFunction {
  return {
    argumentsMin: count,
    argumentsMax: count,
    call: (values) => {
      const all = values.filter((value) => typeof value === 'number');
      return all.length === count ? finite(call(...all)) : undefined;
    },
  };
}

const kinds: Table = [
  ['IS_DEFINED', one((value) => value !== undefined)],
  ['IS_NULL', one((value) => value === null)],
  ['IS_BOOL', one((value) => typeof value === 'boolean')],
  ['IS_NUMBER', one((value) => typeof value === 'number')],
  ['IS_STRING', one((value) => typeof value === 'string')],
  ['IS_ARRAY', one((value) => Array.isArray(value))],
  ['IS_OBJECT', one((value) => isJsonObject(value))],
  ['IS_PRIMITIVE', one((value) => value !== undefined && (value === null || typeof value !== 'object'))],
];

const startsWith = texts(2, (text = '', part = '') => text.startsWith(part));
const endsWith = texts(2, (text = '', part = '') => text.endsWith(part));

const common: Table = [
  ...kinds,
  ['CONTAINS', texts(2, (text = '', part = '') => text.includes(part))],
  ['LOWER', texts(1, (text = '') => bounded(text.toLowerCase()))],
  ['UPPER', texts(1, (text = '') => bounded(text.toUpperCase()))],
];

/** What queries have (hub-service-protocol.md 5). */
export const queryFunctions: ReadonlyMap<string, LanguageFunction> = new Map([
  ...common,
  ['STARTSWITH', startsWith],
  ['ENDSWITH', endsWith],
  ['ARRAY_CONTAINS', { argumentsMin: 2, argumentsMax: 2, call: ([list, value]) => arrayContains(list, value) }],
]);

/** What routing conditions have (section 6), where some are spelled otherwise. */
export const routingFunctions: ReadonlyMap<string, LanguageFunction> = new Map([
  ...common,
  ['STARTS_WITH', startsWith],
  ['ENDS_WITH', endsWith],
  ['AS_NUMBER', one(asNumber)],
  ['ABS', numbers(1, Math.abs)],
  ['CEILING', numbers(1, Math.ceil)],
  ['EXP', numbers(1, Math.exp)],
  ['FLOOR', numbers(1, Math.floor)],
  ['POWER', numbers(2, Math.pow)],
  ['SIGN', numbers(1, Math.sign)],
  ['SQUARE', numbers(1, (value) => value * value)],
  ['SQRT', numbers(1, Math.sqrt)],
  ['CONCAT', { argumentsMin: 2, argumentsMax: Number.POSITIVE_INFINITY, call: concatenate }],
  ['LENGTH', texts(1, (text = '') => text.length)],
  ['INDEX_OF', texts(2, (text = '', part = '') => text.indexOf(part))],
  ['SUBSTRING', { argumentsMin: 2, argumentsMax: 3, call: substring }],
]);

function arrayContains(list: Value, value: Value): Value {
  if (!Array.isArray(list) || value === undefined) return undefined;
  return list.some((element) => compare('=', element, value) === true);
}

/** Of the spellings that JSON has, blanks around them aside. */
function asNumber(value: Value): Value {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/.test(value)) return undefined;
  return finite(Number(value));
}

function concatenate(values: readonly Value[]): Value {
  const texts = values.filter((value) => typeof value === 'string');
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  return texts.length === values.length && length <= languageLimits.resultCharactersMax ? texts.join('') : undefined;
}

/** From a place counted from 0, to the end or for a length. */
function substring(values: readonly Value[]): Value {
  const [text, start, length] = values;
  if (typeof text !== 'string' || typeof start !== 'number' || start < 0) return undefined;
  if (values.length === 2) return text.slice(start);
  return typeof length === 'number' && length >= 0 ? text.slice(start, start + length) : undefined;
}

/** A condition that doubles a text again and again must not fill our memory. */
function bounded(text: string): Value {
  return text.length <= languageLimits.resultCharactersMax ? text : undefined;
}
