/**
 * Histories: what clients asked, what they were told, and when. HistoryRecorder writes one down
 * while it happens; the checkers of this folder judge it.
 *
 * An operation is of one of three kinds.
 * - Answered: `returnAt` is finite. It took effect once, between call and return. `output` is what
 *   the client was told, or undefined if that was not kept (then every output fits).
 * - Of unknown outcome: `returnAt` is Infinity and `output` undefined. It takes effect once at some
 *   time after the call, perhaps long after the client lost its patience, or never.
 * - Known to have had no effect (refused before it was ordered): it is not in the history at all.
 *
 * Times only order events, so any numbers will do. `a` came before `b` if a.returnAt < b.callAt;
 * with equal times they overlap, which may hide a fault and never invents one. The recorder
 * therefore counts events rather than reading a clock, and no two of its times are equal.
 */

export interface Operation<Input, Output> {
  readonly client: string;
  readonly key: string;
  readonly input: Input;
  readonly output: Output | undefined;
  readonly callAt: number;
  readonly returnAt: number;
}

/** What a call is known by until it is answered. */
export type CallNumber = number & { readonly callNumber: never };

/** One recorder may serve many clients, and a client may have several calls under way. */
export class HistoryRecorder<Input, Output> {
  #eventsSeen = 0;
  readonly #calls = new Map<CallNumber, Operation<Input, Output>>();

  /** To be told when the request is sent, not when the server takes it up. */
  call(client: string, key: string, input: Input): CallNumber {
    const callAt = this.#nextTime();
    const number = callAt as CallNumber;
    this.#calls.set(number, {
      client, key, input, output: undefined, callAt, returnAt: Infinity,
    });
    return number;
  }

  /** To be told when the reply is there. `output` undefined: nobody looked at the reply. */
  succeed(number: CallNumber, output: Output | undefined): void {
    const operation = this.#mustBeOpen(number);
    this.#calls.set(number, { ...operation, output, returnAt: this.#nextTime() });
  }

  /** Only for what surely has no effect, ever; a timeout or a lost connection proves nothing. */
  fail(number: CallNumber): void {
    this.#mustBeOpen(number);
    this.#calls.delete(number);
  }

  /** In the order of the calls; what was neither answered nor refused is of unknown outcome. */
  operations(): Operation<Input, Output>[] {
    return [...this.#calls.values()];
  }

  #nextTime(): number {
    this.#eventsSeen += 1;
    return this.#eventsSeen;
  }

  #mustBeOpen(number: CallNumber): Operation<Input, Output> {
    const operation = this.#calls.get(number);
    if (operation === undefined || operation.returnAt !== Infinity) {
      throw new Error(`HistoryRecorder: call ${number} is not under way`);
    }
    return operation;
  }
}

/** `c1 [3, 8] SET a -> OK` with the model's words; an open interval has no end. */
export function describeOperation<Input, Output>(
  { client, input, output, callAt, returnAt }: Operation<Input, Output>,
  describe: (input: Input, output: Output | undefined) => string,
): string {
  const end = returnAt === Infinity ? '...' : String(returnAt);
  return `${client} [${callAt}, ${end}] ${describe(input, output)}`;
}
