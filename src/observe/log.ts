/**
 * The server's own log, in pino. Text for people on a terminal, one JSON object a line elsewhere,
 * appended to a file when `logfile` says so.
 *
 * Redis has four levels and pino six. What the code writes, and what it takes to see it:
 *
 *     code        loglevel that shows it
 *     log.trace   debug
 *     log.debug   debug, verbose
 *     log.info    debug, verbose, notice
 *     log.warn, log.error, log.fatal   all but nothing
 *
 * Standard output is written asynchronously, so a slow reader of a pipe does not stop the server;
 * `close` writes what is left, and must be called before the process ends. A file is written at
 * once, so the last line before a crash is in it. A file that cannot be opened throws LogFileError;
 * one that fails later is reported on standard error, because a full disk under the log must not
 * end the server.
 */
import { pino, type DestinationStream, type Logger } from 'pino';
import { build as prettyStream } from 'pino-pretty';

export type Log = Logger;

export const LOG_LEVELS = {
  debug: 'trace',
  verbose: 'debug',
  notice: 'info',
  warning: 'warn',
  nothing: 'silent',
} as const;

export type LogLevel = keyof typeof LOG_LEVELS;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'auto' | 'json' | 'text';
  /** Empty for standard output. */
  readonly file: string;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
}

export interface ServerLog {
  readonly log: Log;
  setLevel(level: LogLevel): void;
  /** Opens the file again, after it was moved by log rotation. */
  reopen(): void;
  /** Writes what is left, synchronously. The log must not be used afterwards. */
  close(): void;
}

/** The log file could not be opened for appending. */
export class LogFileError extends Error {
  readonly code = 'LOG_FILE';

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`cannot open the log file '${path}' for appending: ${reason}`, { cause });
    this.name = 'LogFileError';
  }
}

const STANDARD_OUTPUT = 1;

type Destination = ReturnType<typeof pino.destination>;

/** Throws LogFileError when `file` cannot be opened. */
export function openLog(options: LogOptions): ServerLog {
  const { level, file } = options;
  const destination = file === '' ? openOutput() : openFile(file);
  destination.on('error', (error: Error) => {
    process.stderr.write(`dkvs: cannot write the log: ${error.message}\n`);
  });

  const isText = wantsText(options);
  const stream: DestinationStream = isText
    ? textStream(destination, options.isTerminal && file === '')
    : destination;
  const log = pino(
    {
      level: LOG_LEVELS[level],
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Of an Error nothing but its class would be written otherwise.
      serializers: { error: pino.stdSerializers.err },
    },
    stream,
  );
  return {
    log,
    setLevel: (next) => {
      log.level = LOG_LEVELS[next];
    },
    reopen: () => {
      if (file !== '') destination.reopen();
    },
    close: () => destination.flushSync(),
  };
}

function wantsText({ format, file, isTerminal }: LogOptions): boolean {
  return format === 'text' || (format === 'auto' && isTerminal && file === '');
}

/** pino-pretty inside this process: a transport would need a thread, and lose lines in a crash. */
function textStream(destination: DestinationStream, isColored: boolean): DestinationStream {
  return prettyStream({
    colorize: isColored,
    destination: destination as unknown as NodeJS.WritableStream,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    ignore: 'pid,hostname',
  });
}

function openOutput(): Destination {
  return pino.destination({ dest: STANDARD_OUTPUT, sync: false });
}

function openFile(path: string): Destination {
  try {
    return pino.destination({ dest: path, append: true, sync: true });
  } catch (error) {
    throw new LogFileError(path, error);
  }
}
