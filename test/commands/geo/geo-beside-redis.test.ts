import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { geoSearchCommands } from '../../../src/commands/geo/geos-searches.ts';
import { geoCommands } from '../../../src/commands/geo/geos.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../../lib/seeded.ts';
import { BesideRedis } from '../../wire/beside-redis.ts';
import { differences, elementsOf, splitReplies } from '../../wire/differences.ts';
import { geoScript } from '../../wire/scripts/geo.ts';
import { factsFromPackage, factsFromServer, factsOf } from '../redis-facts.ts';
import { hasRedisServer } from '../redis-server.ts';

const ours = [...geoCommands, ...geoSearchCommands];
const RANDOM_COMMANDS = 2500;
const STORED_SEARCHES = 300;

/** So many members are in blocks. */
const LARGE_GEOADDS = 40;
const LARGE_GEOADD_MEMBERS = 150;

/** Redis rounds some sines otherwise, and prints scores with 17 digits. */
const STORED_TOLERANCE = 1e-14;

describe('the table of geo commands', () => {
  it('has the arity, flags and key positions of @ioredis/commands', () => {
    expect(ours.map(factsOf)).toEqual(factsFromPackage(ours.map(({ name }) => name)));
  });
});

describe.skipIf(!hasRedisServer())('geo commands beside a real redis-server', () => {
  let pair: BesideRedis;
  beforeAll(async () => { pair = await BesideRedis.start(); });
  afterAll(() => pair?.stop());

  it('send the same keyspace notifications in the same order', async () => {
    const { here, there } = await pair.notifications(geoScript);
    expect(here).toEqual(there);
    expect(here.length).toBeGreaterThan(40);
  });

  it('have the arity, flags and key positions that COMMAND INFO tells', async () => {
    const there = await factsFromServer(pair.redis, ours.map(({ name }) => name));
    expect(ours.map(factsOf)).toEqual(there);
  });

  it.each([2, 3] as const)('reply the same to every option and error, RESP%i', async (protocol) => {
    const { here, there } = await pair.run(geoScript, protocol);
    expect(differences(geoScript, here, there).join('\n')).toBe('');
  });

  it.each([2, 3] as const)(
    `reply the same to ${RANDOM_COMMANDS} random commands, RESP%i`, async (protocol) => {
      const script = randomScript(new Random(protocol, testSeed()), RANDOM_COMMANDS);
      const { here, there } = await pair.run(script, protocol);
      const found = differences(script, here, there).join('\n');
      expect(found, `DKVS_TEST_SEED=${testSeed()}`).toBe('');
      const isLong = (reply: string): boolean => elementsOf(reply).length > 20;
      expect(splitReplies(there).filter(isLong).length).toBeGreaterThan(RANDOM_COMMANDS / 40);
    });

  it('store the same distances, but for the last digits', async () => {
    const script = storingScript(new Random(4, testSeed()), STORED_SEARCHES);
    const { here, there } = await pair.run(script, 2);
    const [ours, theirs] = [scoresIn(here), scoresIn(there)];
    expect(ours.length).toBeGreaterThan(STORED_SEARCHES);
    expect(ours.length).toBe(theirs.length);
    const unequal = ours.filter((score, i) =>
      Math.abs(score - theirs[i]!) > STORED_TOLERANCE * Math.max(1, theirs[i]!));
    expect(unequal, `DKVS_TEST_SEED=${testSeed()}`).toEqual([]);
  });
});

/** Every score of the ZRANGEs WITHSCORES, by member. */
function scoresIn(replies: string): number[] {
  return splitReplies(replies).flatMap((reply) => {
    const elements = elementsOf(reply).map((element) => element.split('\r\n')[1]!);
    const pairs = elements.flatMap((name, i) =>
      i % 2 === 0 ? [{ name, score: Number(elements[i + 1]) }] : []);
    if (!reply.startsWith('*') || elements.length === 0) return [];
    return pairs.toSorted((a, b) => a.name < b.name ? -1 : 1).map(({ score }) => score);
  });
}

class Places {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick<T>(...from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  between(low: number, high: number): number {
    return low + this.#random.below(2 ** 30) / 2 ** 30 * (high - low);
  }

  /** Anywhere, around a few places, at borders, and often the same. */
  at(): string[] {
    const [longitude, latitude] = this.pick(
      () => [this.between(-180, 180), this.between(-85, 85)],
      () => [this.between(179.9, 180), this.between(-0.1, 0.1)],
      () => [this.between(-180, -179.9), this.between(-0.1, 0.1)],
      () => [this.between(13, 15), this.between(37, 39)],
      () => [this.between(14.1, 14.11), this.between(37.1, 37.11)],
      () => [this.between(-180, 180), this.between(79, 85)],
      () => [this.pick(-180, -90, 0, 45, 90, 180), this.pick(-85, -45, 0, 45, 66, 85)],
      () => [14 + this.#random.below(4) / 8, 37 + this.#random.below(4) / 8],
    )();
    return [`${longitude}`, `${latitude}`];
  }

  member(): string {
    const below = (bound: number): number => this.#random.below(bound);
    return this.pick(`m${below(60)}`, `p${below(900)}`, `${below(LARGE_GEOADDS)}-${below(30)}`);
  }

  /** Longitudes, latitudes and members: by chance, or new ones. */
  triples(count: number, prefix?: string): string[] {
    return Array.from({ length: count }, (_, i) =>
      [...this.at(), prefix === undefined ? this.member() : `${prefix}${i}`]).flat();
  }

  length(): string {
    return this.pick('0', '1', '50', '500', '3000', '5000', '12000', '30000', '0.5',
      `${this.between(0, 100)}`, `${this.between(0, 6000)}`);
  }

  unit(): string {
    return this.pick('m', 'km', 'km', 'km', 'mi', 'ft');
  }

  shape(): string[] {
    return this.pick(['BYRADIUS', this.length()], ['BYBOX', this.length(), this.length()]);
  }

  center(): string[] {
    return this.pick(['FROMMEMBER', this.member()], ['FROMLONLAT', ...this.at()]);
  }

  options(): string[] {
    const count = `${1 + this.#random.below(30)}`;
    return [
      ...this.pick([], ['ASC'], ['DESC']),
      ...this.pick([], [], ['COUNT', count], ['COUNT', count], ['COUNT', count, 'ANY']),
    ];
  }

  withs(): string[] {
    return ['WITHDIST', 'WITHCOORD', 'WITHHASH'].filter(() => this.#random.below(2) === 0);
  }
}

/** Commands over few keys; some come to have hundreds of members, and one has thousands. */
function randomScript(random: Random, count: number): string[][] {
  const places = new Places(random);
  const pick = places.pick.bind(places) as Places['pick'];
  const key = (): string => pick('a', 'b', 'c');
  const source = (): string => pick(key(), key(), 'large');
  const size = (): string[] => [places.length(), places.unit()];
  const how = (): string[] => [...places.options(), ...places.withs()];
  const shape = (): string[] => [...places.center(), ...places.shape(), places.unit()];
  const adding = (): string[] => [
    'GEOADD', key(), ...pick([], [], ['NX'], ['XX'], ['CH'], ['CH', 'XX']),
    ...places.triples(1 + random.below(random.below(8) === 0 ? 60 : 4)),
  ];
  const searching = (): string[] => ['GEOSEARCH', source(), ...shape(), ...how()];
  const makers: (() => string[])[] = [
    adding, adding, adding, searching, searching, searching, searching, searching,
    () => ['GEOSEARCHSTORE', key(), source(), ...shape(), ...places.options()],
    () => [pick('GEORADIUS', 'GEORADIUS_RO'), source(), ...places.at(), ...size(), ...how()],
    () => [pick('GEORADIUSBYMEMBER', 'GEORADIUSBYMEMBER_RO'), source(), places.member(),
      ...size(), ...how()],
    () => ['GEORADIUS', source(), ...places.at(), ...size(), ...places.options(), 'STORE', key()],
    () => ['GEODIST', key(), places.member(), places.member(), places.unit()],
    () => [pick('GEOPOS', 'GEOHASH'), key(), places.member(), places.member()],
    () => ['ZREM', pick(key(), 'large'), places.member()],
    () => ['ZRANGE', key(), '0', '-1'], () => ['ZCARD', source()],
    () => ['COPY', key(), key(), 'REPLACE'],
    () => random.below(6) === 0 ? ['SET', key(), 'v'] : ['DEL', key()],
  ];
  const large = Array.from({ length: LARGE_GEOADDS }, (_, i) =>
    ['GEOADD', 'large', ...places.triples(LARGE_GEOADD_MEMBERS, `${i}-`)]);
  return [...large, ...Array.from({ length: count }, () => pick(...makers)())];
}

/** Without COUNT: a last bit may decide which of two places that are equally far is stored. */
function storingScript(random: Random, count: number): string[][] {
  const places = new Places(random);
  const adding = Array.from({ length: 200 }, (_, i) => ['GEOADD', 'a', ...places.at(), `m${i}`]);
  const storing = Array.from({ length: count }, () => [
    ['GEOSEARCHSTORE', 'd', 'a', 'FROMLONLAT', ...places.at(), ...places.shape(), places.unit(),
      'STOREDIST'],
    ['ZRANGE', 'd', '0', '-1', 'WITHSCORES'],
  ]).flat();
  return [...adding, ...storing];
}
