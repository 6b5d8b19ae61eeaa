import {
  AddressFamily,
  ProtocolType,
  SelectMode,
  SocketAsyncOperation,
  SocketClientAccessPolicyProtocol,
  SocketError,
  SocketFlags,
  SocketShutdown,
  SocketType,
  TransmitFileOptions,
} from '@proactor/core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** .NET's names and numbers, written down once more. */
const expected: readonly (readonly [name: string, found: object, values: Record<string, number>])[] = [
  [
    'SocketAsyncOperation',
    SocketAsyncOperation,
    {
      None: 0,
      Accept: 1,
      Connect: 2,
      Disconnect: 3,
      Receive: 4,
      ReceiveFrom: 5,
      ReceiveMessageFrom: 6,
      Send: 7,
      SendPackets: 8,
      SendTo: 9,
    },
  ],
  [
    'SocketError',
    SocketError,
    {
      Success: 0,
      SocketError: -1,
      OperationAborted: 995,
      IOPending: 997,
      Interrupted: 10004,
      AccessDenied: 10013,
      Fault: 10014,
      InvalidArgument: 10022,
      TooManyOpenSockets: 10024,
      WouldBlock: 10035,
      InProgress: 10036,
      AlreadyInProgress: 10037,
      NotSocket: 10038,
      DestinationAddressRequired: 10039,
      MessageSize: 10040,
      ProtocolType: 10041,
      ProtocolOption: 10042,
      ProtocolNotSupported: 10043,
      SocketNotSupported: 10044,
      OperationNotSupported: 10045,
      ProtocolFamilyNotSupported: 10046,
      AddressFamilyNotSupported: 10047,
      AddressAlreadyInUse: 10048,
      AddressNotAvailable: 10049,
      NetworkDown: 10050,
      NetworkUnreachable: 10051,
      NetworkReset: 10052,
      ConnectionAborted: 10053,
      ConnectionReset: 10054,
      NoBufferSpaceAvailable: 10055,
      IsConnected: 10056,
      NotConnected: 10057,
      Shutdown: 10058,
      TimedOut: 10060,
      ConnectionRefused: 10061,
      HostDown: 10064,
      HostUnreachable: 10065,
      ProcessLimit: 10067,
      SystemNotReady: 10091,
      VersionNotSupported: 10092,
      NotInitialized: 10093,
      Disconnecting: 10101,
      TypeNotFound: 10109,
      HostNotFound: 11001,
      TryAgain: 11002,
      NoRecovery: 11003,
      NoData: 11004,
    },
  ],
  [
    'SocketFlags',
    SocketFlags,
    {
      None: 0,
      OutOfBand: 1,
      Peek: 2,
      DontRoute: 4,
      Truncated: 0x100,
      ControlDataTruncated: 0x200,
      Broadcast: 0x400,
      Multicast: 0x800,
      Partial: 0x8000,
    },
  ],
  ['SocketShutdown', SocketShutdown, { Receive: 0, Send: 1, Both: 2 }],
  ['SocketType', SocketType, { Unknown: -1, Stream: 1, Dgram: 2, Raw: 3, Rdm: 4, Seqpacket: 5 }],
  [
    'ProtocolType',
    ProtocolType,
    { Unknown: -1, Unspecified: 0, Icmp: 1, Tcp: 6, Udp: 17, IPv6: 41, IcmpV6: 58, Raw: 255 },
  ],
  [
    'AddressFamily',
    AddressFamily,
    { Unknown: -1, Unspecified: 0, Unix: 1, InterNetwork: 2, InterNetworkV6: 23 },
  ],
  [
    'TransmitFileOptions',
    TransmitFileOptions,
    {
      UseDefaultWorkerThread: 0,
      Disconnect: 1,
      ReuseSocket: 2,
      WriteBehind: 4,
      UseSystemThread: 16,
      UseKernelApc: 32,
    },
  ],
  ['SelectMode', SelectMode, { SelectRead: 0, SelectWrite: 1, SelectError: 2 }],
  ['SocketClientAccessPolicyProtocol', SocketClientAccessPolicyProtocol, { Tcp: 0, Http: 1 }],
];

const enums = suite('enums');

for (const [name, found, values] of expected) {
  enums(`${name} has the names and numbers of .NET, and the names of its numbers`, () => {
    const both = found as Record<string | number, string | number>;
    for (const [key, value] of Object.entries(values)) {
      assert.is(both[key], value, key);
      assert.is(both[value], key, key);
    }
  });

  enums(`${name} has nothing else, and cannot be changed`, () => {
    const both = found as Record<string | number, string | number>;
    const numbers = Object.keys(values).length;
    assert.is(Object.keys(both).length, numbers + new Set(Object.values(values)).size);
    assert.is(both[4_711], undefined);
    assert.is(Object.isFrozen(both), true);
    assert.throws(() => (both['Own'] = 1), TypeError);
  });
}

enums('SocketError has all 47', () => {
  assert.is(Object.values(SocketError).filter((value) => typeof value === 'number').length, 47);
});

enums('the types tell names by number', () => {
  const name: 'ConnectionRefused' = SocketError[10061];
  const flags: SocketFlags = SocketFlags.Peek | SocketFlags.OutOfBand;
  const options: TransmitFileOptions = TransmitFileOptions.Disconnect | TransmitFileOptions.ReuseSocket;
  assert.equal([name, flags, options], ['ConnectionRefused', 3, 3]);
});

enums.run();
