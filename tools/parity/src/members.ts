/** Every public member of .NET's socket classes that this toolkit ports, and what became of it. A table; the page and the tests read it. */

/** `same`: means the same. `different`: there, and the note says what differs. `left out`: the note says why. */
export type Fate = 'same' | 'different' | 'left out';

export interface Member {
  /** .NET's names; a method stands for its overloads. */
  readonly dotnet: readonly string[];
  readonly fate: Fate;
  /** The members here, of the same class: of an instance, or `Class.member` of the class itself. */
  readonly here: readonly string[];
  readonly note: string;
}

const BEGIN_END = 'the older asynchronous pattern: use the operation objects or the promises';
const BLOCKING = 'a blocking call cannot be had on Node';

export const SOCKET_ASYNC_EVENT_ARGS: readonly Member[] = [
  different(
    '#ctor',
    [],
    'suppressing the context is the default; `{ flowExecutionContext: true }` flows it per operation',
  ),
  same('AcceptSocket', ['acceptSocket']),
  same('Buffer', ['buffer']),
  different(
    'BufferList',
    ['bufferList'],
    'segments are views (`subarray`); a list that is refused changes nothing',
  ),
  different('BytesTransferred', ['bytesTransferred'], 'an aborted receive shows 0, .NET an earlier count'),
  different(
    'Completed',
    [],
    "an event of eventemitter3: `on('completed', (sender, e) => …)`; handlers run later, one after the other",
  ),
  same('ConnectByNameError', ['connectByNameError']),
  same('ConnectSocket', ['connectSocket']),
  same('Count', ['count']),
  same('DisconnectReuseSocket', ['disconnectReuseSocket']),
  same('Dispose', ['dispose']),
  leftOut('Finalize', 'JavaScript has no finalizers to rely on: dispose it, or let it go'),
  same('LastOperation', ['lastOperation']),
  different(
    'MemoryBuffer',
    ['memoryBuffer'],
    'a `Uint8Array`; an empty one over something is not the empty memory, as in .NET',
  ),
  same('Offset', ['offset']),
  same('OnCompleted', ['onCompleted']),
  different(
    'ReceiveMessageFromPacketInfo',
    ['receiveMessageFromPacketInfo'],
    'what the transport knows, also of datagrams that came early',
  ),
  same('RemoteEndPoint', ['remoteEndPoint']),
  same('SendPacketsElements', ['sendPacketsElements']),
  different(
    'SendPacketsFlags',
    ['sendPacketsFlags'],
    'beyond Disconnect and ReuseSocket accepted and ignored, as .NET does on Unix',
  ),
  different('SendPacketsSendSize', ['sendPacketsSendSize'], 'accepted and ignored, as .NET does on Unix'),
  same('SetBuffer', ['setBuffer']),
  same('SocketError', ['socketError']),
  different('SocketFlags', ['socketFlags'], 'in and out, as there; ControlDataTruncated is never reported'),
  different('UserToken', ['userToken'], 'has a type: `SocketAsyncEventArgs<Token>`'),
];

export const SEND_PACKETS_ELEMENT: readonly Member[] = [
  different('#ctor', [], 'one constructor for bytes, paths and sources; a source is always asynchronous'),
  different('Buffer', ['buffer'], 'also of an element made of memory: here that is one type'),
  same('Count', ['count']),
  same('EndOfPacket', ['endOfPacket']),
  same('FilePath', ['filePath']),
  different('FileStream', ['fileStream'], 'anything with a length that can be read at a place'),
  same('MemoryBuffer', ['memoryBuffer']),
  different(['Offset', 'OffsetLong'], ['offset'], 'one number for both: it counts exactly beyond an `int`'),
];

export const SOCKET: readonly Member[] = [
  different(
    '#ctor',
    [],
    'takes a transport, which decides the kind of socket; `addressFamily` and `dualMode` are options',
  ),
  different(
    'AcceptAsync',
    ['acceptAsync', 'accept'],
    'a buffer that is too small leaves the args free; a disposed AcceptSocket is refused; on tcp a full backlog does not hold up connects',
  ),
  different(
    'ConnectAsync',
    ['connectAsync', 'connect', 'Socket.connectAsync', 'Socket.connect'],
    'may answer true where .NET is done inside the call; one with a buffer always completes',
  ),
  same('CancelConnectAsync', ['Socket.cancelConnectAsync']),
  different(
    'DisconnectAsync',
    ['disconnectAsync', 'disconnect'],
    'one for reuse ends in good order, .NET resets behind it',
  ),
  different(
    'ReceiveAsync',
    ['receiveAsync', 'receive', 'receiveExactly'],
    'may answer true while the bytes are still in the kernel',
  ),
  different(
    'ReceiveFromAsync',
    ['receiveFromAsync', 'receiveFrom'],
    'arguments are checked on every call; on an unbound socket it throws',
  ),
  different(
    'ReceiveMessageFromAsync',
    ['receiveMessageFromAsync', 'receiveMessageFrom'],
    'as ReceiveFrom; a list used before does not disturb it; a start that is refused changes nothing',
  ),
  different(
    'SendAsync',
    ['sendAsync', 'send'],
    'may answer true; OutOfBand and DontRoute are OperationNotSupported; an empty last segment sends no second datagram',
  ),
  different('SendToAsync', ['sendToAsync', 'sendTo'], 'elsewhere from a connected socket is IsConnected'),
  different(
    'SendPacketsAsync',
    ['sendPacketsAsync', 'sendPackets'],
    'keeps its elements together; one that failed leaves `connected` as the stream is',
  ),
  same('AddressFamily', ['addressFamily']),
  same('Available', ['available']),
  different(
    'Bind',
    ['bind'],
    'of a stream it records, and `listen` reports what is wrong; a datagram socket binds at once',
  ),
  same('Close', ['close']),
  same('Connected', ['connected']),
  same('Dispose', ['dispose']),
  different('DualMode', ['dualMode'], 'an option of the constructor; it implies InterNetworkV6'),
  different('EnableBroadcast', ['setOption'], "`setOption('broadcast', true)`"),
  different(
    'ExclusiveAddressUse',
    ['setOption'],
    "`setOption('reuseAddress', …)`, where the transport has it",
  ),
  different('GetSocketOption', ['getOption'], 'by name'),
  different('IsBound', ['isBound'], 'the present truth'),
  different('LingerState', ['setOption'], "`setOption('linger', seconds)`"),
  different('Listen', ['listen'], 'a promise: Node cannot bind a stream at once'),
  different(
    'LocalEndPoint',
    ['localEndPoint'],
    'the present truth; the port of a stream is 0 until it listens; null for a Unix-domain socket without a path',
  ),
  different('MulticastLoopback', ['setOption'], "`setOption('multicastLoopback', …)`"),
  different('NoDelay', ['setOption'], "`setOption('noDelay', true)`"),
  different('Poll', ['poll'], 'never waits'),
  different(
    'ReceiveBufferSize',
    ['setOption'],
    "`setOption('receiveBufferSize', …)`, where the transport has it",
  ),
  different(
    'RemoteEndPoint',
    ['remoteEndPoint'],
    'the present truth: .NET remembers a peer that it was once asked about',
  ),
  different('Select', ['poll'], 'one socket at a time'),
  different('SendBufferSize', ['setOption'], "`setOption('sendBufferSize', …)`, where the transport has it"),
  different('SetSocketOption', ['setOption'], 'by name; an unknown one throws'),
  different('Shutdown', ['shutdown'], 'Send waits for the sends that were given down before'),
  same('SocketType', ['socketType']),
  different('Ttl', ['setOption'], "`setOption('ttl', …)`, where the transport has it"),
  leftOut(
    [
      'Accept',
      'Connect',
      'Disconnect',
      'Receive',
      'ReceiveFrom',
      'ReceiveMessageFrom',
      'Send',
      'SendFile',
      'SendTo',
    ],
    BLOCKING,
  ),
  leftOut(['Blocking', 'ReceiveTimeout', 'SendTimeout'], `${BLOCKING}; an operation has its \`timeout\``),
  leftOut(
    [
      'BeginAccept',
      'BeginConnect',
      'BeginDisconnect',
      'BeginReceive',
      'BeginReceiveFrom',
      'BeginReceiveMessageFrom',
      'BeginSend',
      'BeginSendFile',
      'BeginSendTo',
    ],
    BEGIN_END,
  ),
  leftOut(
    [
      'EndAccept',
      'EndConnect',
      'EndDisconnect',
      'EndReceive',
      'EndReceiveFrom',
      'EndReceiveMessageFrom',
      'EndSend',
      'EndSendFile',
      'EndSendTo',
    ],
    BEGIN_END,
  ),
  leftOut('SendFileAsync', 'SendPackets sends files'),
  leftOut(
    ['Handle', 'SafeHandle', 'IOControl', 'GetRawSocketOption', 'SetRawSocketOption', 'SetIPProtectionLevel'],
    'Node shows no handle of the system',
  ),
  leftOut('DuplicateAndClose', 'Windows alone'),
  leftOut('UseOnlyOverlappedIO', 'has no effect in .NET either'),
  leftOut('DontFragment', 'Node has no way'),
  leftOut('ProtocolType', 'the transport is the protocol'),
  leftOut(
    ['OSSupportsIPv4', 'OSSupportsIPv6', 'OSSupportsUnixDomainSockets', 'SupportsIPv4', 'SupportsIPv6'],
    'the transport says in `caps.families` what it has',
  ),
  leftOut('Finalize', 'JavaScript has no finalizers to rely on: close the socket'),
];

function namesOf(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names;
}

function same(dotnet: string, here: readonly string[]): Member {
  return { dotnet: [dotnet], fate: 'same', here, note: '' };
}

function different(dotnet: string | readonly string[], here: readonly string[], note: string): Member {
  return { dotnet: namesOf(dotnet), fate: 'different', here, note };
}

function leftOut(dotnet: string | readonly string[], note: string): Member {
  return { dotnet: namesOf(dotnet), fate: 'left out', here: [], note };
}
