using System.Net.Sockets;

namespace Sockeye;

/// <summary>The outcome of a call that returns no value: success, or why not. Allocates nothing.</summary>
/// <remarks>Returned by the Try members; their throwing twins run the same code and throw, naming call and end point.</remarks>
public readonly struct SocketResult
{
    private SocketResult(int errno, int bytesTransferred)
    {
        Errno = errno;
        BytesTransferred = bytesTransferred;
    }

    /// <summary>True when the call did what was asked.</summary>
    public bool IsSuccess => Errno == 0;

    /// <summary>EAGAIN: nothing was ready and the socket must not wait.</summary>
    public bool WouldBlock => Errno == Interop.Errno.EAGAIN;

    /// <summary>.NET's name for <see cref="Errno"/>; <see cref="SocketError.Success"/> when all went well.</summary>
    public SocketError Error => Interop.Errno.ToSocketError(Errno);

    /// <summary>The kernel's error number; 0 when all went well. The token's cancellation is ECANCELED, Dispose EBADF.</summary>
    public int Errno { get; }

    /// <summary>The kernel's name for <see cref="Errno"/>, as <c>ECONNREFUSED</c>; empty when all went well.</summary>
    public string ErrnoName => Errno == 0 ? "" : Interop.Errno.Name(Errno);

    /// <summary>What <see cref="Errno"/> means, as <c>Connection refused</c> (strerror(3)); empty when all went well.</summary>
    public string ErrnoMessage => Errno == 0 ? "" : Interop.Errno.Text(Errno);

    /// <summary>How many bytes moved, also when the call then failed; <see cref="int.MaxValue"/> for that many or more.</summary>
    public int BytesTransferred { get; }

    /// <summary>Throws the <see cref="SocketException"/> for <see cref="Errno"/>; returns when all went well.</summary>
    /// <exception cref="SocketException">The call failed.</exception>
    public void ThrowIfFailed()
    {
        if (!IsSuccess)
        {
            throw CreateException();
        }
    }

    /// <summary>As <c>ok</c>, <c>ECONNREFUSED (ConnectionRefused)</c> or <c>ETIMEDOUT (TimedOut) after 12 bytes</c>.</summary>
    public override string ToString() =>
        IsSuccess ? "ok"
        : BytesTransferred == 0 ? $"{ErrnoName} ({Error})"
        : $"{ErrnoName} ({Error}) after {BytesTransferred} bytes";

    /// <summary>A result that succeeded.</summary>
    internal static SocketResult Success => default;

    internal static SocketResult From(int errno, int bytesTransferred = 0) => new(errno, bytesTransferred);

    /// <summary>The exception that does not know the call and the end point: it names the errno alone.</summary>
    internal SocketException CreateException() => new((int)Error, $"{ErrnoName}: {ErrnoMessage}");
}

/// <summary>The outcome of a call: a value, or why there is none. Allocates nothing.</summary>
/// <typeparam name="T">What the call returns: a count, a socket.</typeparam>
/// <remarks>Returned by the Try members; their throwing twins run the same code and throw, naming call and end point.</remarks>
public readonly struct SocketResult<T>
{
    private readonly T _value;
    private readonly SocketResult _result;

    private SocketResult(T value, SocketResult result, int bytesLost)
    {
        _value = value;
        _result = result;
        BytesLost = bytesLost;
    }

    /// <inheritdoc cref="SocketResult.IsSuccess"/>
    public bool IsSuccess => _result.IsSuccess;

    /// <inheritdoc cref="SocketResult.WouldBlock"/>
    public bool WouldBlock => _result.WouldBlock;

    /// <inheritdoc cref="SocketResult.Error"/>
    public SocketError Error => _result.Error;

    /// <inheritdoc cref="SocketResult.Errno"/>
    public int Errno => _result.Errno;

    /// <inheritdoc cref="SocketResult.ErrnoName"/>
    public string ErrnoName => _result.ErrnoName;

    /// <inheritdoc cref="SocketResult.ErrnoMessage"/>
    public string ErrnoMessage => _result.ErrnoMessage;

    /// <summary>
    /// How many bytes moved, also when the call then failed: what a send got through before its time ran out.
    /// <see cref="int.MaxValue"/> for that many or more, which only a SendFile moves: its <see cref="Value"/> is exact.
    /// </summary>
    public int BytesTransferred => _result.BytesTransferred;

    /// <summary>
    /// How many bytes of a message did not fit the buffer and are gone. Above 0 only with
    /// <see cref="SocketError.MessageSize"/>; what did fit is in the buffer, <see cref="BytesTransferred"/> long.
    /// </summary>
    public int BytesLost { get; }

    /// <summary>The value.</summary>
    /// <exception cref="SocketException">The call failed; the exception names the errno.</exception>
    public T Value => IsSuccess ? _value : throw _result.CreateException();

    /// <summary>Gives the value when the call succeeded.</summary>
    /// <param name="value">The value; <see langword="default"/> when the call failed.</param>
    /// <returns>True when the call succeeded.</returns>
    public bool TryGetValue([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
    {
        value = _value;
        return IsSuccess;
    }

    /// <summary>Takes the result apart: <c>var (error, count) = socket.TryReceive(buffer);</c></summary>
    /// <param name="error">.NET's name for the error.</param>
    /// <param name="value">The value; <see langword="default"/> when the call failed.</param>
    public void Deconstruct(out SocketError error, out T? value)
    {
        error = Error;
        value = _value;
    }

    /// <summary>As <c>12</c> or <c>ECONNREFUSED (ConnectionRefused)</c>.</summary>
    public override string ToString() => IsSuccess ? _value?.ToString() ?? "" : _result.ToString();

    internal static SocketResult<T> Success(T value, int bytesTransferred = 0) => new(value, SocketResult.From(0, bytesTransferred), 0);

    internal static SocketResult<T> Failure(int errno, int bytesTransferred = 0, int bytesLost = 0) =>
        new(default!, SocketResult.From(errno, bytesTransferred), bytesLost);
}
