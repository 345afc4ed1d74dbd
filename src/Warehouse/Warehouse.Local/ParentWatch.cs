using Lambda.Warehouse.Local.Native;

namespace Lambda.Warehouse.Local;

/// <summary>Notices that the process which started this one is gone: stdin closes, the kernel tells, or our parent changes.</summary>
internal static class ParentWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <param name="parentId">0: only stdin counts.</param>
    /// <param name="gone">Called with the reason, perhaps more than once.</param>
    internal static void Start(int parentId, Action<string> gone)
    {
        new Thread(() => ReadToEnd(gone)) { IsBackground = true, Name = "stdin" }.Start();
        if (parentId == 0)
            return;
        Posix.DieWithParent();
        new Thread(() => Poll(parentId, gone)) { IsBackground = true, Name = "parent" }.Start();
    }

    private static void ReadToEnd(Action<string> gone)
    {
        using var stdin = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[256];
        try
        {
            while (stdin.Read(ignored) > 0)
            {
            }
        }
        catch (IOException)
        {
            // As good as closed.
        }
        gone("stdin was closed");
    }

    private static void Poll(int parentId, Action<string> gone)
    {
        while (Posix.GetParentId() == parentId)
            Thread.Sleep(Interval);
        gone($"parent {parentId} ended");
    }
}
