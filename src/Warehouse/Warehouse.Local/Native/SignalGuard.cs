namespace Lambda.Warehouse.Local.Native;

/// <summary>
/// Keeps the CLR's signal handlers across calls into libchdb. The first connect takes signal 34, with which the CLR suspends threads
/// (seconds of GC pause); some versions reset SIGSEGV and its kin at every connect, which turns the next NullReferenceException into the
/// death of the process. SIGUSR1/2 are left alone: chDB's own profiler needs them.
/// </summary>
internal static unsafe class SignalGuard
{
    /// <summary>ILL, TRAP, ABRT, BUS, FPE, SEGV, TSTP, SYS, and the first real-time signal.</summary>
    private static readonly int[] Signals = [4, 5, 6, 7, 8, 11, 20, 31, 34];

    /// <summary>More than sizeof(struct sigaction) (152) on both supported architectures; the content is opaque here.</summary>
    private const int ActionBytes = 256;

    private static readonly Lock Gate = new();

    /// <summary>The handlers in force, in the order of the guarded signals.</summary>
    internal static nint[] Handlers()
    {
        var action = stackalloc byte[ActionBytes];
        var handlers = new nint[Signals.Length];
        for (var i = 0; i < Signals.Length; i++)
        {
            _ = Posix.SigAction(Signals[i], null, action);
            handlers[i] = *(nint*)action; // the first member of struct sigaction
        }
        return handlers;
    }

    internal static T Around<T>(Func<T> call)
    {
        lock (Gate)
        {
            var saved = stackalloc byte[Signals.Length * ActionBytes];
            for (var i = 0; i < Signals.Length; i++)
                _ = Posix.SigAction(Signals[i], null, saved + (i * ActionBytes));
            try
            {
                return call();
            }
            finally
            {
                for (var i = 0; i < Signals.Length; i++)
                    _ = Posix.SigAction(Signals[i], saved + (i * ActionBytes), null);
            }
        }
    }
}
