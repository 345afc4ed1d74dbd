#if PLAYWRIGHT
using Microsoft.Playwright;
using Xunit;

namespace Lambda.SystemTests.Dashboard;

/// <summary>One Chromium for all tests of the dashboard, each with a context of its own: a clean session, its own size and colours.</summary>
public sealed class Browser : IAsyncLifetime
{
    // Else it asks its maker's hosts for things at every start.
    private static readonly string[] Quiet =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private static readonly string? Program = new[] { Environment.GetEnvironmentVariable("LAMBDA_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }
        .FirstOrDefault(File.Exists);

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public static void SkipIfAbsent() => Skip.If(Program is null, "no Chromium is installed (scripts/fetch-chromium installs it, LAMBDA_CHROMIUM names one)");

    public async Task InitializeAsync()
    {
        if (Program is null) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = Quiet });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A tab on the dashboard of a host.</summary>
    public async Task<Tab> OpenAsync(Uri host, string hash = "#/", int width = 1280, ColorScheme scheme = ColorScheme.Light, Func<IPage, Task>? before = null)
    {
        SkipIfAbsent();
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = host.ToString(), ViewportSize = new ViewportSize { Width = width, Height = 860 }, ColorScheme = scheme, Locale = "en-GB", ReducedMotion = ReducedMotion.Reduce, AcceptDownloads = true,
        });
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(15_000);
        var tab = new Tab(context, page);
        if (before is not null) await before(page);
        await page.GotoAsync("/" + hash);
        return tab;
    }
}

/// <summary>What one test looks at.</summary>
public sealed class Tab : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _errors = [];

    internal Tab(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.PageError += (_, e) => _errors.Add(e);
        // What a failed request prints is the browser's word for what the page itself tells its reader.
        page.Console += (_, message) => { if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) _errors.Add(message.Text); };
    }

    public IPage Page { get; }

    /// <summary>Faults of the script and violations of the content security policy.</summary>
    public IReadOnlyList<string> Errors => _errors;

    public Task SeesAsync(string text) => Page.GetByText(text).First.WaitForAsync();

    public Task<string> TextAsync() => Page.Locator("body").InnerTextAsync();

    /// <summary>Goes to another page of the dashboard by its hash.</summary>
    public Task GoAsync(string hash) => Page.EvaluateAsync("hash => { location.hash = hash }", hash);

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class BrowserCollection : ICollectionFixture<FilledHost>
{
    public const string Name = "browser";
}
#endif
