using System.Diagnostics;
using Lambda.Cluster.Cli;
using Spectre.Console;

namespace Lambda.Cluster.Demo;

/// <summary>Live progress: one line that is rewritten on a terminal, a line now and then elsewhere. Goes to stderr when stdout is for programs.</summary>
internal sealed class DemoScreen(bool json)
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DrawEvery = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly bool _live = !json && !Console.IsOutputRedirected;
    private TimeSpan _told = TimeSpan.MinValue;
    private bool _open;

    public void Say(string text)
    {
        Close();
        if (json) Output.Note(text);
        else Output.Line(text);
    }

    public void Progress(Func<string> text)
    {
        var now = _clock.Elapsed;
        if (_told != TimeSpan.MinValue && now - _told < (_live ? DrawEvery : LineEvery)) return;
        _told = now;
        if (!_live)
        {
            Say(text());
            return;
        }
        var line = text();
        Console.Out.Write("\r" + line.PadRight(Math.Max(0, Math.Min(Output.Console.Profile.Width - 1, 160))));
        _open = true;
    }

    public void Show(Spectre.Console.Rendering.IRenderable what)
    {
        Close();
        if (!json) Output.Console.Write(what);
    }

    private void Close()
    {
        if (_open) Console.Out.WriteLine();
        _open = false;
    }
}
