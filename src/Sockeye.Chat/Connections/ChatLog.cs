using Microsoft.Extensions.Logging;

namespace Sockeye.Chat.Connections;

/// <summary>What the server writes down. Never what people say, nor their reasons for leaving.</summary>
internal static partial class ChatLog
{
    [LoggerMessage(1, LogLevel.Information, "listening at {EndPoint}")]
    public static partial void Listening(this ILogger logger, string endPoint);

    [LoggerMessage(2, LogLevel.Debug, "connection {Connection} accepted from {Peer}")]
    public static partial void Accepted(this ILogger logger, long connection, string peer);

    [LoggerMessage(3, LogLevel.Warning, "connection from {Peer} refused: {Reason}")]
    public static partial void Refused(this ILogger logger, string peer, string reason);

    [LoggerMessage(15, LogLevel.Warning, "{Count} more connections refused, the last from {Peer}: {Reason}")]
    public static partial void RefusedMore(this ILogger logger, int count, string peer, string reason);

    [LoggerMessage(4, LogLevel.Warning, "cannot accept at {EndPoint}: {Error}; trying again until it works")]
    public static partial void AcceptPaused(this ILogger logger, string endPoint, string error);

    [LoggerMessage(5, LogLevel.Information, "accepting again at {EndPoint}")]
    public static partial void AcceptResumed(this ILogger logger, string endPoint);

    [LoggerMessage(6, LogLevel.Information, "connection {Connection} from {Peer} is {Name}")]
    public static partial void Entered(this ILogger logger, long connection, string peer, string name);

    [LoggerMessage(7, LogLevel.Information, "connection {Connection}: {OldName} is now {NewName}")]
    public static partial void Renamed(this ILogger logger, long connection, string oldName, string newName);

    [LoggerMessage(8, LogLevel.Information, "connection {Connection}: {Name} left: {Cause}")]
    public static partial void Left(this ILogger logger, long connection, string name, string cause);

    [LoggerMessage(9, LogLevel.Debug, "connection {Connection} ended without a name: {Cause}")]
    public static partial void LeftUnnamed(this ILogger logger, long connection, string cause);

    [LoggerMessage(10, LogLevel.Debug, "connection {Connection} closed before all was sent or read: {Error}")]
    public static partial void NotDrained(this ILogger logger, long connection, string error);

    [LoggerMessage(11, LogLevel.Error, "connection {Connection} from {Peer} failed; this is a defect")]
    public static partial void Failed(this ILogger logger, Exception error, long connection, string peer);

    [LoggerMessage(12, LogLevel.Information, "stopping: {Connections} connections are told")]
    public static partial void Stopping(this ILogger logger, int connections);

    [LoggerMessage(13, LogLevel.Information, "stopped: {Drained} connections drained, {Aborted} aborted; {Waiting} that waited to be accepted were told")]
    public static partial void Stopped(this ILogger logger, int drained, int aborted, int waiting);

    [LoggerMessage(14, LogLevel.Debug, "connection {Connection}: option {Option} not set: {Error}")]
    public static partial void OptionNotSet(this ILogger logger, long connection, string option, string error);

    [LoggerMessage(16, LogLevel.Debug, "connection {Connection}: nothing more can be sent: {Error}")]
    public static partial void SendFailed(this ILogger logger, long connection, string error);

    [LoggerMessage(17, LogLevel.Error, "cannot accept at {EndPoint} any more: {Error}; those who are connected stay")]
    public static partial void ListeningEnded(this ILogger logger, string endPoint, string error);
}

/// <summary>The log of one connection: every line carries its number, and its peer where that helps.</summary>
internal readonly struct ConnectionLog(ILogger logger, long connection, string peer)
{
    public void Accepted() => logger.Accepted(connection, peer);

    public void Entered(string name) => logger.Entered(connection, peer, name);

    public void Renamed(string oldName, string newName) => logger.Renamed(connection, oldName, newName);

    public void Left(string? name, string cause)
    {
        if (name is null)
        {
            logger.LeftUnnamed(connection, cause);
        }
        else
        {
            logger.Left(connection, name, cause);
        }
    }

    public void NotDrained(string error) => logger.NotDrained(connection, error);

    public void SendFailed(string error) => logger.SendFailed(connection, error);

    public void Failed(Exception error) => logger.Failed(error, connection, peer);

    public void OptionNotSet(string option, string error) => logger.OptionNotSet(connection, option, error);
}
