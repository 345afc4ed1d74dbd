using System.Runtime.InteropServices;
using Lambda.Cluster.Cli;

// The first signal asks to stop, the second stops at once: what is durable stays so either way.
using var stop = new CancellationTokenSource();
var asked = 0;
void OnSignal(PosixSignalContext context)
{
    context.Cancel = true;
    if (Interlocked.Increment(ref asked) == 1) stop.Cancel();
    else Environment.Exit(128 + (context.Signal == PosixSignal.SIGINT ? 2 : 15));
}
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);

return await Root.RunAsync(args, stop.Token);
