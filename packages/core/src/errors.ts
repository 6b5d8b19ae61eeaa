/** What misuse throws: .NET's exceptions by name, each with a `code` that is promised; the wording of a message is not. */

/** An argument is of the wrong kind or does not fit the others. .NET: ArgumentException. */
export class ArgumentError extends TypeError {
  override name = 'ArgumentError';
  readonly code: string = 'ERR_ARGUMENT';
  /** The parameter in .NET's spelling (`e`, `BufferList`, `Count`, `remoteEP`…); undefined where .NET names none. */
  readonly paramName: string | undefined;
  constructor(message: string, paramName?: string) {
    super(message);
    this.paramName = paramName;
  }
}

/** An argument that must be given is null or undefined. .NET: ArgumentNullException. */
export class ArgumentNullError extends ArgumentError {
  override name = 'ArgumentNullError';
  override readonly code: string = 'ERR_ARGUMENT_NULL';
  constructor(paramName: string, message = `Value of '${paramName}' must not be null`) {
    super(message, paramName);
  }
}

/** A number lies outside its range. .NET: ArgumentOutOfRangeException. */
export class ArgumentOutOfRangeError extends RangeError {
  override name = 'ArgumentOutOfRangeError';
  readonly code: string = 'ERR_ARGUMENT_OUT_OF_RANGE';
  /** The parameter in .NET's spelling. */
  readonly paramName: string;
  constructor(paramName: string, message: string) {
    super(message);
    this.paramName = paramName;
  }
}

/** The object is in a state in which this cannot be done. .NET: InvalidOperationException. */
export class InvalidOperationError extends Error {
  override name = 'InvalidOperationError';
  readonly code: string = 'ERR_INVALID_OPERATION';
}

/** The object was closed or disposed. .NET: ObjectDisposedException, which is an InvalidOperationException too. */
export class ObjectDisposedError extends InvalidOperationError {
  override name = 'ObjectDisposedError';
  override readonly code: string = 'ERR_OBJECT_DISPOSED';
  /** The class of the disposed object. */
  readonly objectName: string;
  constructor(objectName: string, message = `Cannot use ${objectName}: already disposed`) {
    super(message);
    this.objectName = objectName;
  }
}

/** This kind of socket or transport cannot do that. .NET: NotSupportedException. */
export class NotSupportedError extends Error {
  override name = 'NotSupportedError';
  readonly code: string = 'ERR_NOT_SUPPORTED';
}

/** This platform cannot do that. .NET: PlatformNotSupportedException, which is a NotSupportedException too. */
export class PlatformNotSupportedError extends NotSupportedError {
  override name = 'PlatformNotSupportedError';
  override readonly code: string = 'ERR_PLATFORM_NOT_SUPPORTED';
}

/** A file to be sent is not there. .NET: FileNotFoundException. */
export class FileNotFoundError extends Error {
  override name = 'FileNotFoundError';
  readonly code: string = 'ERR_FILE_NOT_FOUND';
}

/** The folder of a file to be sent is not there. .NET: DirectoryNotFoundException. */
export class DirectoryNotFoundError extends Error {
  override name = 'DirectoryNotFoundError';
  readonly code: string = 'ERR_DIRECTORY_NOT_FOUND';
}

/**
 * A rule of the transport interface was broken, by a transport or by core: see checked(). Thrown at the call that broke it, and, where that
 * was a call of core, once more from a fresh macrotask, so that it cannot go unseen. The message tells which rule, and the last calls
 * before it.
 */
export class TransportRuleError extends Error {
  override name = 'TransportRuleError';
  readonly code: string = 'ERR_TRANSPORT_RULE';
}
