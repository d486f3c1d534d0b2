import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFileError, openLog, type LogLevel, type LogOptions } from '../../src/observe/log.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'dkvs-log-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const options = (more: Partial<LogOptions> = {}): LogOptions => ({
  level: 'notice',
  format: 'auto',
  file: join(dir, 'server.log'),
  isTerminal: false,
  ...more,
});

/** The messages that reach the file when one is written at each of pino's levels. */
function shownAt(level: LogLevel): string[] {
  const file = join(dir, `${level}.log`);
  const { log, close } = openLog(options({ level, file }));
  for (const each of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) {
    log[each](each);
  }
  close();
  const lines = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

describe('the log', () => {
  it('shows what the levels of Redis show', () => {
    const most = ['warn', 'error', 'fatal'];
    expect(shownAt('debug')).toEqual(['trace', 'debug', 'info', ...most]);
    expect(shownAt('verbose')).toEqual(['debug', 'info', ...most]);
    expect(shownAt('notice')).toEqual(['info', ...most]);
    expect(shownAt('warning')).toEqual(most);
    expect(shownAt('nothing')).toEqual([]);
  });

  it('writes one JSON object a line with a level, a time and the fields given', () => {
    const { log, close } = openLog(options());
    log.warn({ freeBytes: 7 }, 'the disk is almost full');
    close();
    const line = JSON.parse(readFileSync(join(dir, 'server.log'), 'utf8')) as object;
    expect(line).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      freeBytes: 7,
      msg: 'the disk is almost full',
    });
  });

  it('tells of an error what it says, where it was thrown and what caused it', () => {
    const { log, close } = openLog(options());
    const cause = new Error('the disk is gone');
    log.error({ error: new Error('cannot save', { cause }) }, 'failed');
    close();
    const text = readFileSync(join(dir, 'server.log'), 'utf8');
    const { error } = JSON.parse(text) as { error: { message: string; stack: string } };
    expect(error.message).toContain('cannot save');
    expect(error.stack).toContain('log.test.ts');
    expect(text).toContain('the disk is gone');
  });

  it('writes text without colours to a file when asked', () => {
    const { log, close } = openLog(options({ format: 'text', isTerminal: true }));
    log.info('ready');
    close();
    const text = readFileSync(join(dir, 'server.log'), 'utf8');
    expect(text).toMatch(/^\[\d{4}-\d\d-\d\d [\d:.]+\] INFO: ready\n$/);
  });

  it('changes its level while it runs', () => {
    const { log, setLevel, close } = openLog(options());
    log.debug('one');
    setLevel('debug');
    log.debug('two');
    close();
    const text = readFileSync(join(dir, 'server.log'), 'utf8');
    expect(text).toContain('two');
    expect(text).not.toContain('one');
  });

  it('appends, and follows a rotation when reopened', () => {
    const file = join(dir, 'server.log');
    const { log, reopen, close } = openLog(options());
    log.info('before');
    renameSync(file, `${file}.1`);
    reopen();
    log.info('after');
    close();
    expect(readFileSync(`${file}.1`, 'utf8')).toContain('before');
    expect(readFileSync(file, 'utf8')).toContain('after');
    const again = openLog(options());
    again.log.info('later');
    again.close();
    expect(readFileSync(file, 'utf8')).toMatch(/after[^]*later/);
  });

  it('refuses a file that cannot be opened, naming it', () => {
    const file = join(dir, 'missing', 'server.log');
    expect(() => openLog(options({ file }))).toThrow(LogFileError);
    expect(() => openLog(options({ file }))).toThrow(file);
  });
});
