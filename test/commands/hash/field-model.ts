/** What a hash with fields that expire is, as plain as can be. Times are ms since the epoch. */

export interface ModelField {
  readonly value: string;
  /** 0 = never. */
  readonly expireAt: number;
}

export class FieldModel {
  readonly #fields = new Map<string, ModelField>();

  /** Fields that have not expired, in no order. */
  left(now: number): Map<string, ModelField> {
    return new Map([...this.#fields]
      .filter(([, { expireAt }]) => expireAt === 0 || expireAt > now));
  }

  set(pairs: readonly string[], now: number): number {
    let added = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      if (!this.left(now).has(pairs[i]!)) added++;
      this.#fields.set(pairs[i]!, { value: pairs[i + 1]!, expireAt: 0 });
    }
    return added;
  }

  remove(names: readonly string[], now: number): number {
    const left = this.left(now);
    const removed = [...new Set(names)].filter((name) => left.has(name));
    for (const name of removed) this.#fields.delete(name);
    return removed.length;
  }

  increment(name: string, by: number, now: number): number {
    const field = this.left(now).get(name);
    const value = Number(field?.value ?? 0) + by;
    this.#fields.set(name, { value: `${value}`, expireAt: field?.expireAt ?? 0 });
    return value;
  }

  /** What HPEXPIREAT replies. */
  expire(names: readonly string[], at: number, condition: string | undefined, now: number):
  number[] {
    return names.map((name) => {
      const field = this.left(now).get(name);
      if (field === undefined) return -2;
      if (!isMet(condition, field.expireAt, at)) return 0;
      if (at <= now) this.#fields.delete(name);
      else this.#fields.set(name, { ...field, expireAt: at });
      return at <= now ? 2 : 1;
    });
  }

  persist(names: readonly string[], now: number): number[] {
    return names.map((name) => {
      const field = this.left(now).get(name);
      if (field === undefined) return -2;
      if (field.expireAt === 0) return -1;
      this.#fields.set(name, { ...field, expireAt: 0 });
      return 1;
    });
  }

  /** What HPEXPIRETIME replies. */
  expiries(names: readonly string[], now: number): number[] {
    return names.map((name) => {
      const field = this.left(now).get(name);
      return field === undefined ? -2 : field.expireAt === 0 ? -1 : field.expireAt;
    });
  }

  copy(): FieldModel {
    const copy = new FieldModel();
    for (const [name, field] of this.#fields) copy.#fields.set(name, field);
    return copy;
  }
}

function isMet(condition: string | undefined, old: number, wanted: number): boolean {
  if (condition === 'NX') return old === 0;
  if (condition === 'XX') return old !== 0;
  if (condition === 'GT') return old !== 0 && wanted > old;
  return condition !== 'LT' || old === 0 || wanted < old;
}
