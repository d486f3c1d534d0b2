/**
 * Errors that quote what a client sent: byte by byte, whatever the bytes are, up to a NUL. NULs are
 * in arguments only where Redis prints them as a C string.
 */

import type { Script } from './script.ts';

/**
 * No UTF-8; cut UTF-8; UTF-8; ends of lines; longer than what is quoted, and cut in a character.
 */
const ODD = [
  '\xff', '\xe2\x82', 'a\xc0\x80b', '\xc3\xbc', 'x\r\ny', 'a\0b', '\xed\xa0\x80', 'a\xf4\x90\x80\x80',
  `${'x'.repeat(127)}\xc3\xbc`, `${'\xff'.repeat(140)}`, `${'\xe2\x82\xac'.repeat(50)}`,
];

export const oddBytesScript: Script = ODD.flatMap((odd) => [
  [odd], [odd, odd, odd], ['nosuch', odd, 'b'], ['nosuch', 'a'.repeat(100), odd, odd],
  ['CLIENT', odd], ['CONFIG', odd, 'a', 'b'], ['OBJECT', odd, 'x'], ['COMMAND', odd],
  ['DEBUG', odd], ['EXPIRE', 'k', '1', odd], ['CONFIG', 'SET', odd, '1'],
  ['CONFIG', 'SET', 'maxmemory', '1', odd, '1'], ['CLIENT', 'LIST', 'TYPE', odd],
  ['CLIENT', 'KILL', 'TYPE', odd], ['CLIENT', 'KILL', 'USER', odd], ['ACL', 'CAT', odd],
  ['ACL', 'DRYRUN', odd, 'get', 'k'], ['ACL', 'DRYRUN', 'default', odd], ['HELLO', '3', odd],
  ['MULTI'], [odd, odd], ['EXEC'],
]);
