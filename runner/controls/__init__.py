"""What a playbook's author must not decide: profiles with hosts and keys, and the directory."""
