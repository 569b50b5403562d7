
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'rsched' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'rsched'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'rsched' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run the jobs of a file: the blocking scheduler, in the foreground')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Show the next fire times of an expression, or of the jobs of files')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a schedule in plain English, with its fields and what is odd about it')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check jobs files: every error and warning, nothing is run')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the man page (roff)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rsched;run' {
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after this long, as SIGTERM does')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How log lines look')
            [CompletionResult]::new('--log-level', '--log-level', [CompletionResultType]::ParameterName, 'The loudness of the log; job output is at info')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Where records are kept, instead of what the file says: sqlite, sqlite:PATH or memory')
            [CompletionResult]::new('--state-dir', '--state-dir', [CompletionResultType]::ParameterName, 'Directory of the lock and the records [default: /var/lib/rsched/NAME as root, else ~/.local/state/rsched/NAME]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of this scheduler, for its directories [default: from the first file]')
            [CompletionResult]::new('--trust-owner', '--trust-owner', [CompletionResultType]::ParameterName, 'Also trust jobs files of this user')
            [CompletionResult]::new('--paused', '--paused', [CompletionResultType]::ParameterName, 'Start paused: no job is started')
            [CompletionResult]::new('--wait-lock', '--wait-lock', [CompletionResultType]::ParameterName, 'If another instance holds the lock, stand by and take over when it ends')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;next' {
            [CompletionResult]::new('--job', '--job', [CompletionResultType]::ParameterName, 'Only this job of the files (may be given more than once)')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many fire times')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'How many fire times')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Strictly after this time; with --previous, strictly before it')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Not later than this time; with --previous, not earlier')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]')
            [CompletionResult]::new('--dst', '--dst', [CompletionResultType]::ParameterName, 'What happens to wall-clock times that are skipped or come twice')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'The language of the expression')
            [CompletionResult]::new('--job-id', '--job-id', [CompletionResultType]::ParameterName, 'The job''s id that H and ~ in the expression get their values from')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('--inclusive', '--inclusive', [CompletionResultType]::ParameterName, 'Count a fire exactly at --from too')
            [CompletionResult]::new('--previous', '--previous', [CompletionResultType]::ParameterName, 'Backwards: the fire times before --from, the newest first')
            [CompletionResult]::new('--each', '--each', [CompletionResultType]::ParameterName, 'COUNT fire times of every job, not of all together')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;explain' {
            [CompletionResult]::new('--job', '--job', [CompletionResultType]::ParameterName, 'The job of the files [default: the only one]')
            [CompletionResult]::new('--timezone', '--timezone', [CompletionResultType]::ParameterName, 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]')
            [CompletionResult]::new('--dst', '--dst', [CompletionResultType]::ParameterName, 'What happens to wall-clock times that are skipped or come twice')
            [CompletionResult]::new('--dialect', '--dialect', [CompletionResultType]::ParameterName, 'The language of the expression')
            [CompletionResult]::new('--job-id', '--job-id', [CompletionResultType]::ParameterName, 'The job''s id that H and ~ in the expression get their values from')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How the answer looks')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;validate' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How problems look')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'rsched;completions' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;man' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say only what is wrong')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'rsched;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run the jobs of a file: the blocking scheduler, in the foreground')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Show the next fire times of an expression, or of the jobs of files')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain a schedule in plain English, with its fields and what is odd about it')
            [CompletionResult]::new('validate', 'validate', [CompletionResultType]::ParameterValue, 'Check jobs files: every error and warning, nothing is run')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the man page (roff)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'rsched;help;run' {
            break
        }
        'rsched;help;next' {
            break
        }
        'rsched;help;explain' {
            break
        }
        'rsched;help;validate' {
            break
        }
        'rsched;help;completions' {
            break
        }
        'rsched;help;man' {
            break
        }
        'rsched;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
