namespace Lambda.SpeedLayer.Ports;

/// <summary>A file or database of Lambda cannot be used. Says why and how to go on; nothing of what was attempted has happened unless the message says so.</summary>
/// <param name="place">File, or host, port and database; never a password.</param>
/// <param name="isTransient">The same may succeed later without anybody's doing: a connection was lost, a server is starting.</param>
public sealed class StorageException(string place, string what, Exception? inner = null, bool isTransient = false) : Exception($"{place}: {what}", inner)
{
    public bool IsTransient => isTransient;
}
