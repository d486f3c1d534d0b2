/** The command lines of programs that stand with the tests. */

import { parseArgs, type ParseArgsConfig } from 'node:util';

const EXIT_USAGE = 2;

type Values<Options extends ParseArgsConfig['options']> =
  ReturnType<typeof parseArgs<{ readonly options: Options }>>['values'];

export class CommandLine {
  readonly #usage: string;

  constructor(usage: string) {
    this.#usage = usage;
  }

  /** The values of the options; ends the process when they are not as the usage says. */
  parse<const Options extends NonNullable<ParseArgsConfig['options']>>(
    options: Options, args: string[] = process.argv.slice(2),
  ): Values<Options> {
    try {
      return parseArgs({ options, args }).values;
    } catch (error) {
      return this.refuse(error instanceof Error ? error.message : String(error));
    }
  }

  wholeNumber(name: string, text: string): number {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value > 0) return value;
    return this.refuse(`--${name} is '${text}'; allowed is a whole number from 1`);
  }

  refuse(message: string): never {
    console.error(`${message}\nusage: ${this.#usage}`);
    process.exit(EXIT_USAGE);
  }
}
