using System.Runtime.InteropServices;

namespace Lambda.Load;

/// <summary>
/// ppoll(2): one thread waits for many sockets and for the next due time, to the microsecond. The runtime's own socket engine hands every completion to
/// another thread, and on two cores that costs more than the server under test.
/// </summary>
internal static class Poll
{
    public const short In = 1, Out = 4, Error = 8, HangUp = 16;

    [StructLayout(LayoutKind.Sequential)]
    public struct Entry
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }

    /// <summary>Waits until something happened or the time is up.</summary>
    public static void Wait(Entry[] entries, TimeSpan atMost)
    {
        var time = new TimeSpec { Seconds = (long)atMost.TotalSeconds, Nanoseconds = (long)(atMost.Ticks % TimeSpan.TicksPerSecond) * 100 };
        if (Ppoll(entries, (nuint)entries.Length, in time, 0) >= 0 || Marshal.GetLastPInvokeError() == Interrupted) return;
        throw new IOException($"ppoll failed with {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Timers of this thread fire when due and not up to 50 µs later, the kernel's default.</summary>
    public static void BePunctual() => _ = Prctl(SetTimerSlack, 1);

    private const int Interrupted = 4, SetTimerSlack = 29;

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds, Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    private static extern int Ppoll([In, Out] Entry[] entries, nuint count, in TimeSpec time, nint signalMask);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Prctl(int option, nuint value);
}
