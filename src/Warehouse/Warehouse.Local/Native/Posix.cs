using System.Runtime.InteropServices;

namespace Lambda.Warehouse.Local.Native;

/// <summary>The few libc calls this process needs. Linux only, like libchdb itself.</summary>
internal static unsafe partial class Posix
{
    private const int PrSetPdeathsig = 1;
    private const int RlimitNofile = 7;
    private const int SigKill = 9;

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, ulong arg2, ulong arg3, ulong arg4, ulong arg5);

    [LibraryImport("libc", EntryPoint = "getppid")]
    internal static partial int GetParentId();

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "sigaction")]
    internal static partial int SigAction(int signal, byte* replacement, byte* previous);

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetRlimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetRlimit(int resource, ulong* limits);

    /// <summary>Makes UTC the time zone of native code: a day must not depend on the machine. Before the library is loaded.</summary>
    internal static void UseUtc() => _ = SetEnvironment("TZ", "UTC", 1);

    /// <summary>
    /// Asks the kernel for SIGKILL when the thread that started this process ends. A host that died without a word will be started again at once
    /// and waits for this process to go; the engine loses no acknowledged row by it.
    /// </summary>
    internal static void DieWithParent() => _ = Prctl(PrSetPdeathsig, SigKill, 0, 0, 0);

    /// <summary>Raises the soft limit on open files to the hard one (a MergeTree holds hundreds). Returns the limit now in force.</summary>
    internal static ulong RaiseOpenFileLimit()
    {
        var limits = stackalloc ulong[2];
        if (GetRlimit(RlimitNofile, limits) != 0)
            return 0;
        if (limits[0] < limits[1])
        {
            limits[0] = limits[1];
            if (SetRlimit(RlimitNofile, limits) != 0)
                _ = GetRlimit(RlimitNofile, limits);
        }
        return limits[0];
    }
}
