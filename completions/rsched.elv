
use builtin;
use str;

set edit:completion:arg-completer[rsched] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'rsched'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'rsched'= {
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand run 'Run the jobs of a file: the blocking scheduler, in the foreground'
            cand next 'Show the next fire times of an expression, or of the jobs of files'
            cand explain 'Explain a schedule in plain English, with its fields and what is odd about it'
            cand validate 'Check jobs files: every error and warning, nothing is run'
            cand completions 'Print the completions of a shell'
            cand man 'Print the man page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rsched;run'= {
            cand --for 'Stop after this long, as SIGTERM does'
            cand --log-format 'How log lines look'
            cand --log-level 'The loudness of the log; job output is at info'
            cand --store 'Where records are kept, instead of what the file says: sqlite, sqlite:PATH or memory'
            cand --state-dir 'Directory of the lock and the records [default: /var/lib/rsched/NAME as root, else ~/.local/state/rsched/NAME]'
            cand --name 'Name of this scheduler, for its directories [default: from the first file]'
            cand --trust-owner 'Also trust jobs files of this user'
            cand --paused 'Start paused: no job is started'
            cand --wait-lock 'If another instance holds the lock, stand by and take over when it ends'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;next'= {
            cand --job 'Only this job of the files (may be given more than once)'
            cand -n 'How many fire times'
            cand --count 'How many fire times'
            cand --from 'Strictly after this time; with --previous, strictly before it'
            cand --until 'Not later than this time; with --previous, not earlier'
            cand --timezone 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]'
            cand --dst 'What happens to wall-clock times that are skipped or come twice'
            cand --dialect 'The language of the expression'
            cand --job-id 'The job''s id that H and ~ in the expression get their values from'
            cand --format 'How the answer looks'
            cand --inclusive 'Count a fire exactly at --from too'
            cand --previous 'Backwards: the fire times before --from, the newest first'
            cand --each 'COUNT fire times of every job, not of all together'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;explain'= {
            cand --job 'The job of the files [default: the only one]'
            cand --timezone 'Zone the expression is read in and times are shown in [default: the machine''s; for files, each job''s own]'
            cand --dst 'What happens to wall-clock times that are skipped or come twice'
            cand --dialect 'The language of the expression'
            cand --job-id 'The job''s id that H and ~ in the expression get their values from'
            cand --format 'How the answer looks'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;validate'= {
            cand --format 'How problems look'
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'rsched;completions'= {
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;man'= {
            cand -v 'Say more'
            cand --verbose 'Say more'
            cand -q 'Say only what is wrong'
            cand --quiet 'Say only what is wrong'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'rsched;help'= {
            cand run 'Run the jobs of a file: the blocking scheduler, in the foreground'
            cand next 'Show the next fire times of an expression, or of the jobs of files'
            cand explain 'Explain a schedule in plain English, with its fields and what is odd about it'
            cand validate 'Check jobs files: every error and warning, nothing is run'
            cand completions 'Print the completions of a shell'
            cand man 'Print the man page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'rsched;help;run'= {
        }
        &'rsched;help;next'= {
        }
        &'rsched;help;explain'= {
        }
        &'rsched;help;validate'= {
        }
        &'rsched;help;completions'= {
        }
        &'rsched;help;man'= {
        }
        &'rsched;help;help'= {
        }
    ]
    $completions[$command]
}
