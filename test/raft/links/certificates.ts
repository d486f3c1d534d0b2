/**
 * Certificates for tests, made when they are needed: X.509 version 3 (RFC 5280) with Ed25519 keys
 * (RFC 8410), just enough of DER to write them.
 */

import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { LinkTls } from '../../../src/raft/links/sockets.ts';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** 1.3.101.112 */
const ED25519 = [0x2b, 0x65, 0x70];
/** 2.5.4.3 */
const COMMON_NAME = [0x55, 0x04, 0x03];
/** 2.5.29.19, critical, of a CA */
const BASIC_CONSTRAINTS_CA = der(SEQUENCE,
  der(OID, Buffer.of(0x55, 0x1d, 0x13)), Buffer.of(0x01, 1, 0xff),
  der(OCTET_STRING, der(SEQUENCE, Buffer.of(0x01, 1, 0xff))));

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

interface Authority {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** Its own certificate, in PEM. */
  readonly cert: string;
}

const ALGORITHM = der(SEQUENCE, der(OID, Buffer.from(ED25519)));

function distinguishedName(name: string): Buffer {
  const attribute = der(SEQUENCE, der(OID, Buffer.from(COMMON_NAME)),
    der(UTF8_STRING, Buffer.from(name)));
  return der(SEQUENCE, der(SET, attribute));
}

function certify(
  subject: string, publicKey: KeyObject, issuer: { name: string; privateKey: KeyObject },
  isAuthority: boolean,
): string {
  const time = (text: string): Buffer => der(UTC_TIME, Buffer.from(text));
  const serial = Buffer.from([1, ...Buffer.from(subject)]);
  const body = der(SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.of(2))),
    der(INTEGER, serial),
    ALGORITHM,
    distinguishedName(issuer.name),
    der(SEQUENCE, time('200101000000Z'), time('491231235959Z')),
    distinguishedName(subject),
    publicKey.export({ format: 'der', type: 'spki' }),
    ...(isAuthority ? [der(EXTENSIONS, der(SEQUENCE, BASIC_CONSTRAINTS_CA))] : []));
  const signature = sign(null, body, issuer.privateKey);
  const whole = der(SEQUENCE, body, ALGORITHM,
    der(BIT_STRING, Buffer.concat([Buffer.of(0), signature])));
  const lines = whole.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

export function makeAuthority(name: string): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { name, privateKey, cert: certify(name, publicKey, { name, privateKey }, true) };
}

export function makeTls(name: string, authority: Authority, trusted = authority): LinkTls {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    cert: certify(name, publicKey, authority, false),
    ca: trusted.cert,
  };
}
