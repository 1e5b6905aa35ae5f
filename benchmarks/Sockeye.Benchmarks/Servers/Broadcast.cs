namespace Sockeye.Benchmarks.Servers;

/// <summary>
/// One sender's bytes to many members, for every .NET server. The bytes stand once in a log; each member has its
/// place in it and one send in flight, which takes all that the log has for it by then.
/// </summary>
internal sealed class Broadcast
{
    private const int LogBytes = 1 << 20;

    // What the sender may write at once beyond the furthest member's place.
    private const int ReserveBytes = ServeCommand.StreamBytes;

    private readonly Memory<byte> _log = GC.AllocateUninitializedArray<byte>(LogBytes, pinned: true);
    private readonly Lock _gate = new();
    private readonly List<Member> _members = [];
    private long _head;

    /// <summary>Adds a member; it gets what is published from now on.</summary>
    internal void Join(Member member)
    {
        lock (_gate)
        {
            member.Place = _head;
            _members.Add(member);
        }
    }

    /// <summary>Takes a member away.</summary>
    internal void Leave(Member member)
    {
        lock (_gate)
        {
            _members.Remove(member);
        }
    }

    /// <summary>Sends some bytes to all members. One that is behind by the whole log is closed.</summary>
    internal void Publish(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            int at = (int)(_head % LogBytes);
            int first = Math.Min(bytes.Length, LogBytes - at);
            bytes[..first].CopyTo(_log.Span[at..]);
            bytes[first..].CopyTo(_log.Span);
            _head += bytes.Length;
            for (int i = _members.Count - 1; i >= 0; i--)
            {
                Member member = _members[i];
                if (_head - member.Place > LogBytes - ReserveBytes)
                {
                    member.Close();
                    _members.RemoveAt(i);
                }
                else if (!member.IsSending)
                {
                    member.IsSending = true;
                    _ = FlushAsync(member);
                }
            }
        }
    }

    private async Task FlushAsync(Member member)
    {
        try
        {
            while (Next(member) is { Length: > 0 } slice)
            {
                await member.SendAsync(slice);
                member.Place += slice.Length;
            }
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            // The member has gone: its own receive says so, and takes it away.
        }
    }

    private ReadOnlyMemory<byte> Next(Member member)
    {
        lock (_gate)
        {
            int length = (int)(_head - member.Place);
            int at = (int)(member.Place % LogBytes);
            member.IsSending = length > 0;
            return _log.Slice(at, Math.Min(length, LogBytes - at));
        }
    }

    /// <summary>Somebody who gets all that is sent.</summary>
    internal abstract class Member
    {
        /// <summary>How much of the log it was sent. Belongs to the one send in flight.</summary>
        internal long Place { get; set; }

        /// <summary>Whether a send is in flight; under the gate.</summary>
        internal bool IsSending { get; set; }

        /// <summary>Sends all of it.</summary>
        internal abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

        /// <summary>Ends the connection.</summary>
        internal abstract void Close();
    }
}
