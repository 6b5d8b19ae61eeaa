/** Source end points, which are kept, and the kernel's table of datagram sockets, which is read. */

import { IPEndPoint } from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { kernelLosses } from '../src/kernel-losses.ts';
import { localAddresses, multicastInterface } from '../src/packet-info.ts';
import { sourceEndPoint } from '../src/source-end-points.ts';
import { boundTo, closeAll, hasIPv6, HERE_SIX, placeOf } from './peers.ts';

const sources = suite('source end points');

sources('a sender who is known is the same object; each is the end point that it should be', () => {
  for (const [address, port] of [
    ['127.0.0.1', 1],
    ['127.0.0.1', 65_535],
    ['10.255.0.17', 0],
    ['::1', 53],
    ['::ffff:192.0.2.7', 4_000],
    ['fe80::fc:ff:fe00:1%eth0', 9],
    ['2001:db8::1', 443],
  ] as const) {
    const source = sourceEndPoint(address, port);
    assert.ok(source.equals(new IPEndPoint(address, port)), `${address} ${port}`);
    assert.is(sourceEndPoint(address, port), source);
  }
});

sources('of 20,000 senders none is taken for another, however their places in the table meet', () => {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) {
      const address = `10.${i % 7}.${i % 251}.${i % 256}`;
      const { address: seen, port } = sourceEndPoint(address, i);
      assert.equal([seen, port], [address, i]);
    }
  }
});

sources('an address that is not written canonically is known again all the same', () => {
  const source = sourceEndPoint('::ffff:0:0', 5);
  assert.is(sourceEndPoint('::ffff:0:0', 5), source);
  assert.is(sourceEndPoint('0:0:0:0:0:0:0:1', 5).address, '::1');
  assert.is(sourceEndPoint('0:0:0:0:0:0:0:1', 5), sourceEndPoint('0:0:0:0:0:0:0:1', 5));
});

sources('a zone that no end point takes is left out', () => {
  assert.is(sourceEndPoint('fe80::1%eth0@if5', 5).address, 'fe80::1');
});

sources.run();

const host = suite('what this host has');
host.after.each(closeAll);

host('a wildcard stands for the addresses of its family, :: for both, mapped', () => {
  assert.ok(localAddresses('0.0.0.0', false).includes('127.0.0.1'));
  assert.ok(localAddresses('::', false).includes('::ffff:127.0.0.1'));
  assert.not(localAddresses('::', true).includes('::ffff:127.0.0.1'));
  assert.is(localAddresses('::', true).includes('::1'), hasIPv6);
  assert.not(localAddresses('::ffff:0:0', false).includes('::1'));
});

host('an interface that has no such name is left for Node to judge', () => {
  assert.is(multicastInterface('inet', '127.0.0.1'), '127.0.0.1');
  assert.is(multicastInterface('inet6', '::%nowhere'), '::%nowhere');
});

host('the kernel finds its sockets by the address that we write for it', () => {
  const at = [
    boundTo(),
    boundTo(IPEndPoint.any),
    ...(hasIPv6 ? [boundTo(HERE_SIX), boundTo(IPEndPoint.ipv6Any)] : []),
  ];
  const losses = at.map((socket) => kernelLosses([placeOf(socket)]));
  assert.ok(losses.every((count) => count === 0) || losses.every((count) => count === undefined));
});

host.run();
