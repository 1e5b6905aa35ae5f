return await Sockeye.Cli.Tool.RunAsync(args);
